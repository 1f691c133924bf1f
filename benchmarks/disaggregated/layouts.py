"""Layouts: so many GPUs, and which of them compute prompts and which answers. A run is a pure function."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from agents.health.percentiles import percentiles
from benchmarks.disaggregated.shapes import Asked
from sandbox.gpu.disaggregated import DisaggregatedGpus, least_busy
from sandbox.gpu.gpu import Gpu
from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import Timing
from streams.errors import ModelOverloaded

TRANSFER_MS_PER_TOKEN = 0.0052
"""Of the KV cache, by a network of 400 Gbit/s (docs/gpu.md)."""

END_MS = 1e12

Spread = Literal["shopper", "least"]
"""Where a prompt goes: always to its shopper's GPU, or where fewest requests are."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`both` GPUs that compute prompts and answers, or `prefill` and `decode` of them."""

    both: int = 0
    prefill: int = 0
    decode: int = 0
    spread: Spread = "least"

    @property
    def gpus(self) -> int:
        """In all."""
        return self.both + self.prefill + self.decode

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.both} GPUs for both" if self.both else f"{self.prefill} for prompts, {self.decode} for answers"


class _Fleet:
    def __init__(self, layout: Layout, timing: Timing) -> None:
        self._keyed = layout.spread == "shopper"
        split = replace(timing, transfer_ms_per_token=TRANSFER_MS_PER_TOKEN)
        self.both = [Gpu(timing) for _ in range(layout.both)]
        self._split = None if layout.both else DisaggregatedGpus(split, layout.prefill, layout.decode)

    def submit(self, asked: Asked) -> Request:
        key = asked.shopper if self._keyed else None
        if self._split is not None:
            return self._split.submit(asked.prompt, asked.output_tokens, asked.at_ms, key=key)
        gpu = least_busy(self.both, asked.at_ms) if key is None else self.both[key % len(self.both)]
        return gpu.submit(asked.prompt, asked.output_tokens, asked.at_ms)

    def end(self) -> None:
        for gpu in self.both if self._split is None else [self._split]:
            gpu.advance(END_MS)

    @property
    def prompts(self) -> list[Gpu]:
        return self.both if self._split is None else self._split.prefill


def run(
    layout: Layout, timing: Timing, requests: Iterable[Asked], counts: Callable[[Asked], bool] = lambda _: True
) -> dict[str, Any]:
    """Times to the first token and between tokens, in milliseconds, of the requests that count, and how many of all
    were refused."""
    fleet, taken, refused = _Fleet(layout, timing), list[Request](), 0
    for asked in requests:
        try:
            request = fleet.submit(asked)
        except ModelOverloaded:
            refused += 1
            continue
        if counts(asked):
            taken.append(request)
    fleet.end()
    computed = sum(gpu.prefilled_tokens for gpu in fleet.prompts)
    reused = sum(gpu.reused_tokens for gpu in fleet.prompts)
    return {
        "requests": len(taken),
        "refused": refused,
        "cached_share": round(reused / max(reused + computed, 1), 4),
        **times(taken),
    }


def times(requests: Iterable[Request]) -> dict[str, dict[str, float]]:
    """Percentiles of the time to the first token, between tokens, and of the whole, in milliseconds."""
    ended = [each for each in requests if each.last_token_ms < END_MS]
    samples = {
        "first_token_ms": [each.first_token_ms - each.arrived_ms for each in ended],
        "between_tokens_ms": [
            (each.last_token_ms - each.first_token_ms) / max(each.output_tokens - 1, 1) for each in ended
        ],
        "whole_ms": [each.last_token_ms - each.arrived_ms for each in ended],
    }
    return {name: dict(percentiles(values, (50, 95, 99), digits=1) or {}) for name, values in samples.items()}
