"""Simulated GPUs some of which compute prompts, and the others answers: disaggregated serving, as TensorRT-LLM has it.
Pure.

A prompt no longer slows anybody's decoding; its KV cache has to get from the one GPU to the other, token by token.
"""

import heapq
import math

from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import Timing


class DisaggregatedGpus:
    """As `Gpu`; all are of the same timing. `prefill` and `decode` have the figures. A prompt goes to the GPU of its
    `key`, else where fewest are; an answer where fewest are."""

    def __init__(self, timing: Timing, prefill: int = 1, decode: int = 1) -> None:
        self.prefill = [Gpu(timing, self._send) for _ in range(prefill)]
        self.decode = [Gpu(timing) for _ in range(decode)]
        self._ms_per_token = timing.transfer_ms_per_token
        self._moving: list[tuple[float, int, Request]] = []  # a heap by the time of arrival
        self._sent = 0

    def submit(
        self, prompt: str, output_tokens: int, now_ms: float, *, max_tokens: int = 0, key: int | None = None
    ) -> Request:
        """Take one in; ModelOverloaded when the queue for prompts is full."""
        self.advance(now_ms)
        gpu = least_busy(self.prefill, now_ms) if key is None else self.prefill[key % len(self.prefill)]
        return gpu.submit(prompt, output_tokens, now_ms, max_tokens=max_tokens)

    def cancel(self, request: Request, now_ms: float) -> None:
        """Forget it, wherever it is."""
        self.advance(now_ms)
        kept = [entry for entry in self._moving if entry[2] is not request]
        if len(kept) == len(self._moving):
            next(gpu for gpu in (*self.decode, *self.prefill) if gpu is request.steps).cancel(request, now_ms)
            return
        self._moving = kept
        heapq.heapify(kept)
        request.cancelled, request.left_with = True, 1

    def advance(self, now_ms: float) -> None:
        """Let everything happen that is due by now, in its order."""
        while (at := self.next_ms()) <= now_ms:
            self._advance_all(at)
            while self._moving and self._moving[0][0] <= at:
                least_busy(self.decode, at).receive(heapq.heappop(self._moving)[2], at)
        self._advance_all(now_ms)

    def next_ms(self) -> float:
        """When anything next changes on any, or arrives."""
        arrival_ms = self._moving[0][0] if self._moving else math.inf
        return min(arrival_ms, *(gpu.next_ms() for gpu in (*self.prefill, *self.decode)))

    def counts(self, now_ms: float) -> dict[str, int]:
        """Of all together; what is on its way counts as scheduled."""
        self.advance(now_ms)
        each = [gpu.counts(now_ms) for gpu in (*self.prefill, *self.decode)]
        moving = {"active": len(self._moving), "scheduled": len(self._moving)}
        return {kind: sum(counts[kind] for counts in each) + moving.get(kind, 0) for kind in each[0]}

    def _advance_all(self, now_ms: float) -> None:
        for gpu in (*self.prefill, *self.decode):
            gpu.advance(now_ms)

    def _send(self, request: Request, now_ms: float) -> None:
        self._sent += 1
        arrival_ms = now_ms + request.input_tokens * self._ms_per_token
        heapq.heappush(self._moving, (arrival_ms, self._sent, request))


def least_busy(gpus: list[Gpu], now_ms: float) -> Gpu:
    """The one with the fewest requests, the first of several."""
    return min(gpus, key=lambda gpu: gpu.counts(now_ms)["active"])
