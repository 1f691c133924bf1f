"""A ModelClient without a server: it answers what it is told, when it is told, on the event loop's clock."""

import asyncio
from collections.abc import Callable

from clients.calls import Call, Completion
from streams.errors import ContractMismatch, DeadlinePassed, ModelOverloaded, ModelUnavailable
from tests.fakes.scripted_calls import ServerCallCounts, Turn

Script = Callable[[Call], Turn]


class ScriptedModel:
    """Asks `script` what to do with each call; faults are `overload` and `failure`.

    `calls` are all that came, `running` those not ended (by id), `most_running` their largest number. Setting `away`
    fails what comes; setting `gate` to an asyncio.Event holds answers until it is set.
    """

    def __init__(self, script: Script | str = "{}", *, name: str = "scripted") -> None:
        self._script = script if callable(script) else lambda _: Turn((script,))
        self.name = name
        self.calls: list[Call] = []
        self.running: dict[str, Call] = {}
        self.most_running = 0
        self.cancelled = 0
        self.away = False
        self.mismatch = ""
        self.gate: asyncio.Event | None = None
        self._closing = asyncio.Event()

    @property
    def tally(self) -> ServerCallCounts:
        """What a server would have counted."""
        return ServerCallCounts(len(self.calls), len(self.calls) - len(self.running), self.cancelled)

    async def complete(self, call: Call) -> Completion:
        """Do what the script says, within the deadline."""
        if self.away or self._closing.is_set():
            raise ModelUnavailable(f"{self.name} is away")
        if call.deadline_s <= asyncio.get_running_loop().time():
            raise DeadlinePassed("the deadline passed before the call began")
        self.calls.append(call)
        self.running[call.id] = call
        self.most_running = max(self.most_running, len(self.running))
        try:
            async with asyncio.timeout_at(call.deadline_s):
                return await self._play(call)
        except TimeoutError as exc:
            self.cancelled += 1
            raise DeadlinePassed(f"{self.name}: no answer by the deadline") from exc
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            del self.running[call.id]

    async def probe(self) -> str:
        """Name this model; `away` and `mismatch` fail it."""
        if self.away or self._closing.is_set():
            raise ModelUnavailable(f"{self.name} is away")
        if self.mismatch:
            raise ContractMismatch(self.mismatch, "change what the test expects")
        return f"scripted model {self.name}"

    async def close(self) -> None:
        """Cut off what runs."""
        self._closing.set()

    async def _play(self, call: Call) -> Completion:
        turn = self._script(call)
        if turn.delay_s:
            await self._pause(turn.delay_s)
        if self.gate is not None:
            await self.gate.wait()
        if turn.fault == "overload":
            raise ModelOverloaded(f"{self.name} asks for less")
        if turn.fault:
            raise ModelUnavailable(f"{self.name}: {turn.fault}")
        return Completion(
            text="".join(turn.chunks), model=self.name, endpoint="scripted", input_tokens=len(call.prompt)
        )

    async def _pause(self, delay_s: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), delay_s)
        except TimeoutError:
            return
        raise ModelUnavailable(f"{self.name} was closed")
