"""A server in virtual time with places for so many calls at once and a line before them; its speed can change."""

import asyncio
import math
import random
from collections import Counter, deque

from clients.calls import Call, Completion
from streams.errors import DeadlinePassed, ModelOverloaded, ModelUnavailable


class QueueingServer:
    """A ModelClient. `places` run at once, the rest waits; more than `most_waiting` are refused, with `retry_after_s`.

    A call takes about `service_s`, a tenth of it for the prompt; `spread` is how much that varies (lognormal). With a
    `knee`, a batch of that many calls takes twice as long as a single one. With `prompt_s`, prompts take that long more
    and are computed one after the other. `tells`: answers say how long they waited.
    `fault`: "" or "away" or "hanging"; `stall_s` delays the first tokens of calls that begin now.
    """

    def __init__(
        self,
        places: int = 32,
        service_s: float = 1.0,
        *,
        most_waiting: float = math.inf,
        knee: float = math.inf,
        prompt_s: float = 0.0,
        spread: float = 0.25,
        tells: bool = True,
        retry_after_s: float | None = None,
        name: str = "server",
        seed: int = 0,
    ) -> None:
        self.places, self.service_s, self.most_waiting, self.knee = places, service_s, most_waiting, knee
        self.prompt_s, self._prompts = prompt_s, asyncio.Lock()
        self.tells, self.retry_after_s, self.name, self.fault = tells, retry_after_s, name, ""
        self._spread, self._chance = spread, random.Random(seed)
        self.running = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.shoppers: Counter[str] = Counter()
        self.stall_s = 0.0
        self.ended = False
        self.opened = self.closed = self.answered = self.refused = 0
        self.queue_s: list[float] = []

    async def complete(self, call: Call) -> Completion:
        self.opened += 1
        self.shoppers[call.shopper] += 1
        now = asyncio.get_running_loop().time
        try:
            if self.fault == "away":
                await asyncio.sleep(0.005)
                raise ModelUnavailable(f"{self.name} is away")
            async with asyncio.timeout_at(call.deadline_s):
                return await self._serve(call, now())
        except TimeoutError as exc:
            raise DeadlinePassed(f"{self.name}: no answer by the deadline") from exc
        finally:
            self.closed += 1

    async def probe(self) -> str:
        if self.fault:
            raise ModelUnavailable(f"{self.name} is {self.fault}")
        return f"queueing server {self.name}"

    async def close(self) -> None:
        self.ended = True

    def set_places(self, places: int) -> None:
        self.places = places
        self._next()

    async def _serve(self, call: Call, arrived_s: float) -> Completion:
        now = asyncio.get_running_loop().time
        await self._place()
        try:
            queue_s = now() - arrived_s
            takes_s = self.service_s * self._chance.lognormvariate(0.0, self._spread)
            takes_s *= 1 + (self.running - 1) / self.knee
            prompt_s = await self._compute_prompt(takes_s)
            if call.begun is not None:
                call.begun()
            await asyncio.sleep(takes_s * 0.9)
            while self.fault:
                if self.fault == "away":
                    raise ModelUnavailable(f"{self.name} is away")
                await asyncio.sleep(0.1)
        finally:
            self.running -= 1
            self._next()
        self.answered += 1
        self.queue_s.append(queue_s)
        return self._completion(queue_s * 1e3, prompt_s * 1e3, takes_s * 900)

    async def _compute_prompt(self, takes_s: float) -> float:
        """Returns how long it took, with the wait for others' prompts."""
        now = asyncio.get_running_loop().time
        began_s = now()
        if self.prompt_s:
            async with self._prompts:
                await asyncio.sleep(self.prompt_s)
        await asyncio.sleep(self.stall_s + takes_s / 10)
        return now() - began_s

    def _completion(self, queue_ms: float, prefill_ms: float, decode_ms: float) -> Completion:
        told = (queue_ms, prefill_ms) if self.tells else (None, queue_ms + prefill_ms)
        return Completion(
            "{}", self.name, self.name, 1_000, 100, 0, queue_ms=told[0], prefill_ms=told[1], decode_ms=decode_ms
        )

    async def _place(self) -> None:
        if self.running < self.places and not self.waiting:
            self.running += 1
            return
        if len(self.waiting) >= self.most_waiting:
            self.refused += 1
            raise ModelOverloaded(f"{self.name} is full", self.retry_after_s)
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.running -= 1
                self._next()
            raise

    def _next(self) -> None:
        while self.waiting and self.running < self.places:
            turn = self.waiting.popleft()
            if not turn.done():
                self.running += 1
                turn.set_result(None)
