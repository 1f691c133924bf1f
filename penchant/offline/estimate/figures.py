"""Figures: everything that an estimate says, each with its unit and how it was made. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.worker.hot_shoppers import HOT_SHARE
from penchant.offline.estimate.needs import Needs, prompt_tokens
from penchant.offline.estimate.prefixes import BLOCK_TOKENS
from penchant.offline.estimate.rates import Rates
from penchant.offline.estimate.workload import Workload, share
from streams.events.decoding import Reason


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `unit` is empty where the name says it."""

    name: str
    value: Any
    unit: str
    how: str


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, and how tokens are counted.

    `why_refused` tells of the records that are no events in `dialect`, by reason, how many and what is wrong with one;
    `ignored` ones say nothing of what a shopper is after. `wrong_key`:
    the share of events under another key than their shopper, None of a file. `withheld` events were left out as
    sensitive; `sensitive` counts those that lost something, by handling and pattern.
    """

    source: str
    dialect: str
    recognised: float
    records: int
    why_refused: Mapping[Reason, tuple[int, str]] = field(default_factory=dict)
    ignored: int = 0
    wrong_key: float | None = None
    cut: bool = False
    without_consent: int = 0
    minors: int = 0
    withheld: int = 0
    sensitive: Mapping[tuple[str, str], int] = field(default_factory=dict)
    counted: str = "by an estimate (prompts/tokens.py)"

    @property
    def refused(self) -> int:
        """Records that are no events, for whatever reason."""
        return sum(number for number, _ in self.why_refused.values())


def figures(read: Read, workload: Workload, need: Needs, rates: Rates) -> list[Figure]:
    """All of them, in reading order."""
    return [
        *_read(read, workload),
        *_shape(read, workload),
        *_prompts(read, workload, rates),
        *_needs(workload, need, rates),
    ]


def _read(read: Read, work: Workload) -> Iterator[Figure]:
    cut = "; there was more than --most lets in, so the window is shorter" if read.cut else ""
    how = "from its beginning" if read.wrong_key is None else "its end, read with assign: no group, no commit"
    yield Figure("source", read.source, "", f"{how}{cut}")
    yield Figure("dialect", read.dialect, "", f"recognised in {read.recognised:.0%} of a sample")
    yield Figure("seconds", round(work.seconds, 1), "s", "event time between the first and the last event")
    yield Figure("records", read.records, "", "in that window")
    yield Figure("refused_share", ratio(read.refused, read.records), "", "of the records: no events in that dialect")
    for reason, (number, words) in read.why_refused.items():
        yield Figure(f"refused_{reason}", number, "", f"records, the first: {words}")
    yield Figure("ignored", read.ignored, "", "events, or rows, of a kind that says nothing of what a shopper is after")
    yield Figure("without_consent", read.without_consent, "", "events of nobody, since consent was denied")
    yield Figure("minors", read.minors, "", "events of shoppers who are minors by what they say")
    yield from _sensitive(read, work)
    if read.wrong_key is not None:
        how = "of the sampled events: under another key than their shopper; more than 20 % need `penchant rekey`"
        yield Figure("wrong_key_share", round(read.wrong_key, 4), "", how)


def _sensitive(read: Read, work: Workload) -> Iterator[Figure]:
    all_ = work.events + read.withheld
    yield Figure("sensitive_share", ratio(read.withheld, all_), "", "of the events: left out as sensitive ([privacy])")
    for (handling, pattern), number in sorted(read.sensitive.items()):
        done = "something is left out" if handling == "drop" else "something is kept by its broadest category"
        yield Figure(f"sensitive_{handling}_{pattern}", ratio(number, all_), "", f"of the events: {done}")


def _shape(read: Read, work: Workload) -> Iterator[Figure]:
    yield Figure("events", work.events, "", "decoded and folded by the code that a worker runs")
    yield Figure("events_per_second", round(work.events_per_second, 1), "/s", "events / seconds")
    yield Figure("duplicate_share", ratio(work.duplicates, work.events), "", "of the events: their id is in the window")
    yield Figure("late_share", ratio(work.late, work.events), "", "of the events: of a session that has closed")
    yield Figure("shoppers", len(work.shoppers), "", "distinct")
    sessions = "begun in the window; those that began before count as begun with their first event in it"
    yield Figure("sessions", work.sessions, "", sessions)
    hottest = work.hottest_shopper()
    hot = "; more than one shopper does: a bot, or an id that stands for nobody" if hottest > HOT_SHARE else ""
    yield Figure("hottest_shopper_share", round(hottest, 4), "", f"of the events: one shopper's{hot}")
    yield Figure(
        "hottest_percent_share", round(work.hottest_percent(), 4), "", "of the events: a hundredth of shoppers"
    )
    if read.wrong_key is not None:
        how = "the events of the largest partition over its even share"
        yield Figure("partition_skew", round(work.skew(), 2), "times", how)
    per_event = "events that ask for a call / events: a call each"
    yield Figure("calls_per_event_uncoalesced", ratio(work.meaningful, work.events), "", per_event)
    before = "of events that their session's next one follows: their call would have ended before it came"
    yield Figure("in_time_for_next", ratio(work.in_time, work.followed), "", before)
    coalesced = "the real triggers and backlog in event time, each call taking `call_s`"
    yield Figure("calls_per_event", ratio(work.calls, work.events), "", coalesced)


def _prompts(read: Read, work: Workload, rates: Rates) -> Iterator[Figure]:
    tokens = prompt_tokens(work)
    how = f"mean of {work.prompts.rendered:,} rendered prompts, counted {read.counted}"
    yield Figure("prompt_tokens", round(tokens.length), "tokens", how)
    own = f"blocks of {BLOCK_TOKENS} tokens that the shopper's last prompt began with too: the best that a cache can do"
    yield Figure("cached_share", ratio(tokens.cached, tokens.length), "", own)
    all_ = f"blocks of {BLOCK_TOKENS} tokens that anybody's last prompt began with: what any cache does"
    yield Figure("cached_share_least", ratio(tokens.shared, tokens.length), "", all_)
    yield Figure("output_tokens", rates.output_tokens, "tokens", "assumed, --output-tokens")


def _needs(work: Workload, need: Needs, rates: Rates) -> Iterator[Figure]:
    busy = f"{rates.busy:.0%} busy"
    yield Figure("peak_events_per_second", round(need.events_per_second, 1), "/s", "--peak, else as it was read")
    yield Figure("peak_calls_per_second", round(need.calls_per_second, 1), "/s", "peak x calls_per_event")
    cpu = f"{rates.event_cpu_ms:.3f} ms of processor an event, {rates.call_cpu_ms:g} ms a call"
    yield Figure("workers", need.workers, "", f"{need.cores:.2f} cores ({cpu}, benchmarks/results), {busy}")
    yield Figure("partitions", need.partitions, "", f"workers x {rates.growth:g}, for adding some later needs a rekey")
    one = "of a core: what the hottest shopper's events take, whom no partition can share out"
    yield Figure("hottest_shopper_core", round(need.hottest_core, 4), "", one)
    yield Figure("gpu_batch", need.batch, "calls", "one GPU's batch and KV cache (docs/gpu.md, --gpu)")
    gpu = "prefill of what is not cached, and a share of each decoding iteration (docs/gpu.md, --gpu)"
    yield Figure("gpu_ms_per_call", round(need.gpu_ms, 1), "ms", gpu)
    yield Figure("call_s", round(need.call_s, 2), "s", f"the same beside a batch that is {busy}")
    yield Figure("gpus", need.gpus, "", f"calls x gpu_ms_per_call, {busy}, with cached_share")
    if need.gpus_second is not None:
        second = f"the same by AIConfigurator's times for this GPU and model (docs/gpu.md), {busy}"
        yield Figure("gpus_second_opinion", need.gpus_second, "", second)
    if need.gpus_published is not None:
        least, most = need.gpus_published
        runs = f"the same by one fit to three public runs (docs/gpu.md), {busy}"
        yield Figure("gpus_published_least", least, "", f"{runs}: where a server was quicker than the fit")
        yield Figure("gpus_published_most", most, "", f"{runs}: where one was slower")
    yield Figure("gpus_most", need.gpus_cold, "", f"the same with cached_share_least, {busy}")
    each = share(work.stored.bytes, work.stored.shoppers)
    packed = (
        f"mean of {work.stored.shoppers:,} packed contexts and intents by rules, + {rates.redis_bytes:,} of Redis's own"
    )
    yield Figure("redis_bytes_per_shopper", round(each + rates.redis_bytes), "B", packed)
    yield Figure(
        "redis_shoppers", need.shoppers, "", "--shoppers, else at most: the peak for all of intent.ttl_s, nobody twice"
    )
    yield Figure("redis_bytes", need.redis_bytes, "B", "redis_bytes_per_shopper x redis_shoppers")


def ratio(part: float, whole: float) -> float:
    """Rounded for people."""
    return round(share(part, whole), 4)
