"""Two simulated GPUs, one for prompts and one for answers: disaggregated serving, as TensorRT-LLM has it. Pure.

A prompt no longer slows anybody's decoding; its KV cache has to get from the one GPU to the other, token by token.
"""

import heapq
import math

from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import Timing


class DisaggregatedGpu:
    """As `Gpu`; both are of the same timing. `prefill` and `decode` have the figures."""

    def __init__(self, timing: Timing) -> None:
        self.prefill, self.decode = Gpu(timing, self._send), Gpu(timing)
        self._ms_per_token = timing.transfer_ms_per_token
        self._moving: list[tuple[float, int, Request]] = []  # a heap by the time of arrival
        self._sent = 0

    def submit(self, prompt: str, output_tokens: int, now_ms: float, *, max_tokens: int = 0) -> Request:
        """Take one in; ModelOverloaded when the queue for prompts is full."""
        self.advance(now_ms)
        return self.prefill.submit(prompt, output_tokens, now_ms, max_tokens=max_tokens)

    def cancel(self, request: Request, now_ms: float) -> None:
        """Forget it, wherever it is."""
        self.advance(now_ms)
        kept = [entry for entry in self._moving if entry[2] is not request]
        if len(kept) == len(self._moving):
            (self.decode if request.steps is self.decode else self.prefill).cancel(request, now_ms)
            return
        self._moving = kept
        heapq.heapify(kept)
        request.cancelled, request.left_with = True, 1

    def advance(self, now_ms: float) -> None:
        """Let everything happen that is due by now, in its order."""
        while (at := self.next_ms()) <= now_ms:
            self.prefill.advance(at)
            self.decode.advance(at)
            while self._moving and self._moving[0][0] <= at:
                self.decode.receive(heapq.heappop(self._moving)[2], at)
        self.prefill.advance(now_ms)
        self.decode.advance(now_ms)

    def next_ms(self) -> float:
        """When anything next changes on either, or arrives."""
        arrival_ms = self._moving[0][0] if self._moving else math.inf
        return min(self.prefill.next_ms(), self.decode.next_ms(), arrival_ms)

    def counts(self, now_ms: float) -> dict[str, int]:
        """Of both together; what is on its way counts as scheduled."""
        self.advance(now_ms)
        both = self.prefill.counts(now_ms), self.decode.counts(now_ms)
        moving = {"active": len(self._moving), "scheduled": len(self._moving)}
        return {kind: sum(counts[kind] for counts in both) + moving.get(kind, 0) for kind in both[0]}

    def _send(self, request: Request, now_ms: float) -> None:
        self._sent += 1
        arrival_ms = now_ms + request.input_tokens * self._ms_per_token
        heapq.heappush(self._moving, (arrival_ms, self._sent, request))
