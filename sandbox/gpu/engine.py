"""What serves requests behind a model server's front: the simulated GPU, or what takes its place."""

from typing import Protocol

from sandbox.gpu.disaggregated import DisaggregatedGpus
from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Request
from sandbox.gpu.steady import SteadyGpu
from sandbox.gpu.timing import Timing


class Engine(Protocol):
    """As `Gpu`, whose methods say more."""

    def submit(self, prompt: str, output_tokens: int, now_ms: float, *, max_tokens: int = 0) -> Request: ...

    def cancel(self, request: Request, now_ms: float) -> None: ...

    def advance(self, now_ms: float) -> None: ...

    def next_ms(self) -> float: ...

    def counts(self, now_ms: float) -> dict[str, int]: ...


def gauges(running: Engine, now_ms: float) -> dict[str, dict[str, float]]:
    """What TensorRT-LLM's backend reports as `nv_trt_llm_*_metrics`, by the middle of the name and kind."""
    counts = running.counts(now_ms)
    if not isinstance(running, Gpu):
        return {"request": dict(counts)}
    cache = running.cache
    return {
        "request": dict(counts),
        "kv_cache_block": {
            "max": cache.size,
            "free": cache.size - cache.used,
            "used": cache.used,
            "tokens_per": running.timing.block_tokens,
            "reused": cache.reused,
            "fraction": cache.used / cache.size,
        },
        "inflight_batcher": {
            "total_context_tokens": running.context_tokens,
            "generation_requests": counts["scheduled"] - counts["context"],
            "micro_batch_id": 0,
            "paused_requests": 0,
        },
    }


def engine(timing: Timing) -> Engine:
    """The one that a timing asks for."""
    if timing.steady_ms_per_token:
        return SteadyGpu(timing)
    return DisaggregatedGpus(timing) if timing.transfer_ms_per_token else Gpu(timing)
