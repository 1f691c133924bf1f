"""What answers where there is no tritonserver: the same simulated GPU and the same answers, in this process. In virtual
time, too."""

import asyncio
import math
import os
from dataclasses import dataclass

from msgspec import structs

from clients.calls import Call, Completion
from sandbox.gpu import answers, simulated_match
from sandbox.gpu.faults import Faults, spoil
from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import LIGHT, Timing
from sandbox.gpu.tokens import tokens
from streams.errors import DeadlinePassed, ModelOverloaded, ModelUnavailable

MODEL = "simulated"
AWAY_S = 5.0
"""After a crash; as long as a server needs to be there again that is watched over."""


@dataclass(slots=True)
class Ended:
    """What the calls came to."""

    opened: int = 0
    closed: int = 0


class StandIn:
    """A ModelClient without a server. `why` there is none, e.g. `no tritonserver: no wheel`. `faults` may be others at
    any time."""

    def __init__(
        self, why: str, *, timing: Timing | None = None, answer: str = answers.DEFAULT, name: str = "in-process"
    ) -> None:
        self._why, self.name = why, name
        self._timing = timing or LIGHT.under(os.environ)
        self.gpu = Gpu(self._timing)
        self._answer = answers.load(answer)
        self.faults = Faults()
        self.counts = Ended()
        self._open: dict[Request, asyncio.Future[None]] = {}
        self._wake: asyncio.TimerHandle | None = None
        self._back_s = -math.inf

    async def complete(self, call: Call) -> Completion:
        """The answer, when the simulated GPU is done; ModelUnavailable, ModelOverloaded, DeadlinePassed."""
        fault = self.faults.of(self.counts.opened)
        self.counts.opened += 1
        try:
            async with asyncio.timeout_at(call.deadline_s):
                return await self._complete(call, fault)
        except TimeoutError as exc:
            raise DeadlinePassed(f"call {call.id} has no answer by its deadline") from exc
        finally:
            self.counts.closed += 1

    async def probe(self) -> str:
        """What it is, and why."""
        self._check()
        return f"in-process stand-in ({self._why}), simulated GPU"

    async def close(self) -> None:
        """There is nothing to close."""

    async def _complete(self, call: Call, fault: str) -> Completion:
        await asyncio.sleep(0)  # as a call over a network, it is not answered before others can run
        self._check()
        if fault == "crash":
            self._crash()
        if fault == "overload":
            raise ModelOverloaded("Exceeds maximum queue size")
        text = answers.cut(spoil(fault, self._answer(call.prompt), call.max_tokens), call.max_tokens, call.stop)
        gpu = self.gpu
        request = gpu.submit(call.prompt, tokens(text), _now_ms(), max_tokens=call.max_tokens)
        try:
            await self._end_of(request)
        finally:
            gpu.cancel(request, _now_ms())  # of no effect once it ended
            self._arm()
        if fault == "hang":
            await asyncio.get_running_loop().create_future()
        if fault == "slow":
            request.slow_down(self.faults.factor)
            await asyncio.sleep((request.last_token_ms - _now_ms()) / 1e3)
        likeliest = simulated_match.log_probabilities(call.prompt) if call.choices else None
        return structs.replace(self._completion(text, request), log_probabilities=likeliest)

    async def _end_of(self, request: Request) -> None:
        ended = self._open[request] = asyncio.get_running_loop().create_future()
        self._arm()
        try:
            await ended
        finally:
            del self._open[request]

    def _arm(self) -> None:
        """Look at the GPU when it next changes."""
        if self._wake is not None:
            self._wake.cancel()
        # a call that comes or goes moves the GPU on too, past the ends of others
        ends = (request.last_token_ms for request, ended in self._open.items() if not ended.done())
        next_ms = min(self.gpu.next_ms(), min(ends, default=math.inf))
        self._wake = None
        if self._open and next_ms < math.inf:
            self._wake = asyncio.get_running_loop().call_at(next_ms / 1e3, self._look)

    def _look(self) -> None:
        now = _now_ms()
        self.gpu.advance(now)
        for request, ended in self._open.items():
            if request.last_token_ms <= now and not ended.done():
                ended.set_result(None)
        self._arm()

    def _crash(self) -> None:
        """End all calls, forget all prompts, and be away for a while."""
        self._back_s = asyncio.get_running_loop().time() + AWAY_S
        for ended in self._open.values():
            if not ended.done():
                ended.set_exception(ModelUnavailable(f"{self.name} has crashed"))
        self.gpu = Gpu(self._timing)
        self._check()

    def _check(self) -> None:
        if asyncio.get_running_loop().time() < self._back_s:
            raise ModelUnavailable(f"{self.name} is away after a crash")

    def _completion(self, text: str, request: Request) -> Completion:
        return Completion(
            text,
            model=MODEL,
            endpoint=self.name,
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
            cached_tokens=request.cached_tokens,
            queue_ms=request.scheduled_ms - request.arrived_ms,
            prefill_ms=request.first_token_ms - request.scheduled_ms,
            decode_ms=request.last_token_ms - request.first_token_ms,
        )


def _now_ms() -> float:
    return asyncio.get_running_loop().time() * 1e3
