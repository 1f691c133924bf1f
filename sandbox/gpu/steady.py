"""A simulated GPU without contention: every request gets its tokens at one pace, however many there are. For
measurements of what stands before a GPU, which ask for a model whose time is known."""

import heapq
import math
from dataclasses import dataclass

from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import Timing
from sandbox.gpu.tokens import tokens
from streams.errors import ModelOverloaded


@dataclass(frozen=True, slots=True)
class Pace:
    """One request's tokens, the first of them after the first step."""

    first_ms: float
    step_ms: float

    def steps_at(self, now_ms: float) -> int:
        """How many have come after the first."""
        return int((now_ms - self.first_ms) / self.step_ms)


class SteadyGpu:
    """`steady_ms_per_token` for each token of the answer; batch and queue together bound how many there are."""

    def __init__(self, timing: Timing) -> None:
        self._step_ms, self._most = timing.steady_ms_per_token, timing.max_batch + timing.max_waiting
        self._open: set[Request] = set()
        self._ends: list[tuple[float, int, Request]] = []
        self._taken = 0

    def submit(self, prompt: str, output_tokens: int, now_ms: float, *, max_tokens: int = 0) -> Request:
        """Take one in; ModelOverloaded when there are too many."""
        del max_tokens  # nothing is reserved
        self.advance(now_ms)
        if len(self._open) >= self._most:
            raise ModelOverloaded("Exceeds maximum queue size")
        first_ms, count = now_ms + self._step_ms, max(output_tokens, 1)
        request = Request((), tokens(prompt), count, 0, 0, now_ms, Pace(first_ms, self._step_ms))
        request.scheduled_ms, request.first_token_ms = now_ms, first_ms
        request.last_token_ms, request.first_step = now_ms + count * self._step_ms, 0
        self._taken += 1
        self._open.add(request)
        heapq.heappush(self._ends, (request.last_token_ms, self._taken, request))
        return request

    def cancel(self, request: Request, now_ms: float) -> None:
        """Forget it."""
        self.advance(now_ms)
        if request in self._open:
            request.left_with, request.last_token_ms = request.tokens_at(now_ms), math.inf
            request.cancelled = True
            self._open.discard(request)

    def advance(self, now_ms: float) -> None:
        """Let those go that have ended."""
        while self._ends and self._ends[0][0] <= now_ms:
            self._open.discard(heapq.heappop(self._ends)[2])

    def next_ms(self) -> float:
        """When the next one ends."""
        return self._ends[0][0] if self._ends else math.inf

    def counts(self, now_ms: float) -> dict[str, int]:
        """As of a GPU on which all run."""
        self.advance(now_ms)
        count = len(self._open)
        return {"active": count, "max": self._most, "scheduled": count, "context": 0, "waiting": 0}
