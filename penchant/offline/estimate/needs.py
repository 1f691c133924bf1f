"""Needs: partitions, workers, GPUs and memory at a peak, from a workload and the rates. Pure arithmetic."""

import math
from dataclasses import dataclass, replace

from penchant.offline.estimate.rates import Rates
from penchant.offline.estimate.workload import Workload, share
from sandbox.gpu.timing import LEFT_OVER, PUBLISHED_RUNS, SECOND_OPINION, Timing


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """Tokens of a prompt on average: all, what its shopper's last one began with, and what anybody's did."""

    length: float
    cached: float
    shared: float


@dataclass(frozen=True, slots=True)
class Needs:
    """What a peak asks for. `gpus_cold`: if a cache kept nothing but what all prompts share; `gpus_second`: by another
    source's times for the same GPU and model, where there is one; `gpus_published`: the least and the most by public
    runs of it. `hottest_core`: how much
    of a core one shopper's events keep busy, which no partition can share out."""

    events_per_second: float
    calls_per_second: float
    cores: float
    workers: int
    partitions: int
    hottest_core: float
    batch: int
    gpu_ms: float
    gpus: int
    gpus_second: int | None
    gpus_published: tuple[int, int] | None
    gpus_cold: int
    call_s: float
    shoppers: int
    redis_bytes: int


def prompt_tokens(workload: Workload) -> PromptTokens:
    """The averages over the prompts that were rendered."""
    prompts = workload.prompts
    return PromptTokens(*(share(sum_, prompts.rendered) for sum_ in (prompts.length, prompts.cached, prompts.shared)))


def needs(
    workload: Workload, rates: Rates, peak: float, *, shoppers: int | None = None, kept_s: float = 86_400.0
) -> Needs:
    """At `peak` events a second, with as many calls an event as in the workload.

    `shoppers`: how many come within the `kept_s` seconds that an intent lives. If it is not known, as many as there
    would be if the peak lasted for so long and nobody came twice: an upper bound.
    """
    calls = peak * share(workload.calls, workload.events)
    cores = (peak * rates.event_cpu_ms + calls * rates.call_cpu_ms) / 1e3
    workers = max(math.ceil(cores / rates.busy), 1)
    tokens = prompt_tokens(workload)
    batch = rates.batch(tokens.length, tokens.shared)
    gpu_ms = rates.gpu_ms(tokens.length, tokens.cached, batch)
    cold_ms = rates.gpu_ms(tokens.length, tokens.shared, batch)
    many = shoppers if shoppers is not None else math.ceil(peak * share(workload.sessions, workload.events) * kept_s)
    each = share(workload.stored.bytes, workload.stored.shoppers) + rates.redis_bytes
    return Needs(
        events_per_second=peak,
        calls_per_second=calls,
        cores=cores,
        workers=workers,
        partitions=math.ceil(workers * rates.growth),
        hottest_core=peak * workload.hottest_shopper() * rates.event_cpu_ms / 1e3,
        batch=batch,
        gpu_ms=gpu_ms,
        gpus=_gpus(calls, gpu_ms, rates),
        gpus_second=_by(SECOND_OPINION, calls, tokens, rates) if rates.gpu == Timing() else None,
        gpus_published=_published(calls, tokens, rates) if rates.gpu == Timing() else None,
        gpus_cold=_gpus(calls, cold_ms, rates),
        call_s=rates.call_s(tokens.length, tokens.cached, round(batch * rates.busy)),
        shoppers=many,
        redis_bytes=round(many * each),
    )


def _published(calls: float, tokens: PromptTokens, rates: Rates) -> tuple[int, int]:
    least, most = (_by(PUBLISHED_RUNS, calls * times, tokens, rates) for times in LEFT_OVER)
    return least, most


def _by(timing: Timing, calls: float, tokens: PromptTokens, rates: Rates) -> int:
    other = replace(rates, gpu=timing)
    batch = other.batch(tokens.length, tokens.shared)
    return _gpus(calls, other.gpu_ms(tokens.length, tokens.cached, batch), other)


def _gpus(calls: float, gpu_ms: float, rates: Rates) -> int:
    return math.ceil(calls * gpu_ms / 1e3 / rates.busy)
