"""Iterations of a simulated GPU, and how a request goes through them. Pure."""

import math
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.gpu.kv_cache import Allotment


class Steps(Protocol):
    """Counts the iterations that ended."""

    def steps_at(self, now_ms: float) -> int: ...


@dataclass(slots=True, eq=False)
class Request:
    """One request on the GPU; a time is infinite until it is known. `blocks` are its prompt's, the last one perhaps not
    full; the GPU may reserve more than that for the answer."""

    chain: tuple[int, ...]
    input_tokens: int
    output_tokens: int
    blocks: int
    reserved_blocks: int
    arrived_ms: float
    steps: Steps = field(repr=False)
    texts: tuple[str, ...] = field(default=(), repr=False)  # of its blocks, where they are reused in part
    scheduled_ms: float = math.inf
    first_token_ms: float = math.inf
    last_token_ms: float = math.inf
    reused_blocks: int = 0
    cached_tokens: int = 0  # of the prompt: of whole blocks, and copied from one that matches in part
    cancelled: bool = False
    computed: int = 0  # tokens of the prompt, reused ones among them
    first_step: int = -1  # after which it had its first token; -1 while it does not decode
    left_with: int = 0  # tokens that it had when it was cancelled
    allotment: Allotment | None = field(default=None, repr=False)

    def tokens_at(self, now_ms: float) -> int:
        """How many tokens it has given by now, which is not before the last time that its GPU heard of."""
        if now_ms >= self.last_token_ms:
            return self.output_tokens
        if self.cancelled:
            return self.left_with
        if now_ms < self.first_token_ms:
            return 0
        if self.first_step < 0:
            return 1
        return 1 + self.steps.steps_at(now_ms) - self.first_step

    def slow_down(self, factor: float) -> None:
        """Let it have taken that many times as long; it has ended."""
        arrived_ms = self.arrived_ms
        self.scheduled_ms = arrived_ms + factor * (self.scheduled_ms - arrived_ms)
        self.first_token_ms = arrived_ms + factor * (self.first_token_ms - arrived_ms)
        self.last_token_ms = arrived_ms + factor * (self.last_token_ms - arrived_ms)

    @property
    def last_step(self) -> int:
        """The step with its last token."""
        return self.first_step + self.output_tokens - 1


@dataclass(slots=True)
class Run:
    """Iterations one after the other between which nobody joins or leaves, each by `growth_ms` longer than the one
    before. Those that compute prompts, `chunks` of so many tokens, are alone."""

    started_ms: float
    first_ms: float
    growth_ms: float = 0.0
    count: int = 1
    chunks: tuple[tuple[Request, int], ...] = ()

    def end_ms(self, count: int | None = None) -> float:
        """When all of them, or so many, have ended."""
        n = self.count if count is None else count
        return self.started_ms + n * self.first_ms + self.growth_ms * n * (n - 1) / 2

    def done(self, now_ms: float) -> int:
        """How many have ended by now."""
        if now_ms >= self.end_ms():
            return self.count
        guess = min(self._solve(now_ms - self.started_ms), self.count)
        while guess > 0 and self.end_ms(guess) > now_ms:  # what rounding may have added
            guess -= 1
        while self.end_ms(guess + 1) <= now_ms:
            guess += 1
        return guess

    def cut(self, now_ms: float) -> None:
        """End with the iteration that runs now."""
        done = self.done(now_ms)
        self.count = max(done + (self.end_ms(done) < now_ms), 1)

    def _solve(self, elapsed_ms: float) -> int:
        """The whole number of iterations in a time; elapsed = n first + growth n (n - 1) / 2."""
        linear = self.first_ms - self.growth_ms / 2
        root = linear + math.sqrt(linear * linear + 2 * self.growth_ms * max(elapsed_ms, 0.0))
        return int(2 * max(elapsed_ms, 0.0) / root) if root > 0 else 0
