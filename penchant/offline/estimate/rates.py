"""Rates: what an event, a call and a token cost. None is measured by an estimate; each names its source. Pure."""

import math
from dataclasses import dataclass, field

from sandbox.gpu.timing import Timing


@dataclass(frozen=True, slots=True)
class Rates:
    """The parameters of an estimate.

    The processor times are of one machine, see its results in benchmarks/results; the GPU is that of docs/gpu.md.
    """

    event_cpu_ms: float = 1_000 / 47_100
    """Of a worker, all its work: benchmarks/results/ingest.json, events_per_cpu_second, penchant."""
    call_cpu_ms: float = 1.38
    """Of a worker: benchmarks/results/calls.json, triton with 256 calls in flight."""
    busy: float = 0.7
    """How busy a core or a GPU may be at the peak: beyond it, queues grow faster than the load."""
    growth: float = 2.0
    """Partitions a worker, so that there can be more of them later: adding partitions needs a rekey."""
    output_tokens: int = 80
    """Of an answer: half of the room that a prompt gives it (prompts/answer.py)."""
    redis_bytes: int = 2_100
    """Of two keys beside what stands in them: redis-server 6.2, used_memory less the values' bytes, 100 shoppers."""
    gpu: Timing = field(default_factory=Timing)

    def batch(self, prompt_tokens: float, shared_tokens: float) -> int:
        """How many calls one GPU holds at once: bounded by its batch and by its KV cache, where what all prompts share
        stands once."""
        own = max(prompt_tokens - shared_tokens, 0.0) + self.output_tokens
        blocks = math.ceil(own / self.gpu.block_tokens)
        free = self.gpu.kv_blocks - math.ceil(shared_tokens / self.gpu.block_tokens)
        return max(min(self.gpu.max_batch, free // blocks), 1)

    def gpu_ms(self, prompt_tokens: float, cached_tokens: float, batch: int) -> float:
        """GPU time of one call in a full batch: its prefill, and its share of the iterations that decode."""
        decode_ms = self.gpu.iteration_ms / batch + self._token_ms(prompt_tokens)
        return (prompt_tokens - cached_tokens) * self.gpu.prefill_ms_per_token + self.output_tokens * decode_ms

    def call_s(self, prompt_tokens: float, cached_tokens: float, batch: int) -> float:
        """How long one call takes beside so many others that decode."""
        decode_ms = self.gpu.iteration_ms + batch * self._token_ms(prompt_tokens)
        return ((prompt_tokens - cached_tokens) * self.gpu.prefill_ms_per_token + self.output_tokens * decode_ms) / 1e3

    def _token_ms(self, prompt_tokens: float) -> float:
        """What a token of an answer adds to its iteration, in the middle of the answer."""
        context = prompt_tokens + self.output_tokens / 2
        return self.gpu.decode_ms_per_sequence + context * self.gpu.kv_ms_per_token
