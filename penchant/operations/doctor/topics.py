"""Topics: partitions, retention, timestamps and keys of what is consumed, and of the dead letters. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from agents.worker.hot_shoppers import HOT_SHARE
from penchant.operations.doctor.findings import ERROR, INFO, WARNING, Severity
from penchant.settings.root import Settings
from streams.events.decoding import Decoded, Record, Refusal, by_reason
from streams.events.event import ShopperEvent
from streams.kafka.codecs import READABLE

Told = tuple[Severity, str, str]

FEW = 1_000
"""Records below which a share says little."""

SKEW = 2.0
"""A partition with this many times its share."""

MOSTLY = 0.5
"""A share of refused records at which the topic is none of shopper events as it is."""

REMEDIES: Mapping[str, str] = {
    "unit": "let the producer send the unit that the field's name says (docs/events.md)",
    "nobody": "let the producer send the id of one shopper, or a session's (docs/events.md)",
}

CAUGHT = 0.05
"""A share of events beyond which a sensitive pattern may catch more than is meant."""

DONE: Mapping[str, str] = {"drop": "left out", "coarsen": "kept by the broadest category"}

FAR_MS = 1_000
"""How far a record's timestamp may be in the future before somebody's clock is wrong."""


def judge_partitions(sizes: Sequence[int]) -> Iterator[Told]:
    """How many there are, and whether one has much more than the others. `sizes` are their offsets."""
    number, total = len(sizes), sum(sizes)
    if number == 1:
        yield (
            WARNING,
            "one partition: one worker at the most",
            "rekey into a topic with more; penchant estimate says how many",
        )
    mean = total / number
    worst = max(range(number), key=sizes.__getitem__)
    if total >= FEW and number > 1 and sizes[worst] > SKEW * mean:
        found = f"partition {worst} has {sizes[worst] / mean:.1f} times its share of {total:,} offsets"
        yield (
            WARNING,
            found,
            "look for a key that is no shopper (an empty one, a shop's own); its worker is the busiest",
        )
    else:
        yield INFO, f"{number} partitions with {total:,} offsets, the largest {sizes[worst]:,}", ""


def judge_replicas(replicas: Sequence[int], in_sync: Sequence[int]) -> Iterator[Told]:
    """How many copies each partition has, and how many of those are up to date."""
    fewest = min(replicas, default=0)
    if late := sum(there < wanted for there, wanted in zip(in_sync, replicas, strict=True)):
        yield WARNING, f"{late} partitions have replicas that are not in sync", "see the brokers' logs"
    if fewest == 1:
        yield WARNING, "one replica: what its broker loses is lost", "give the topic three"
    else:
        yield INFO, f"{fewest} replicas", ""


def judge_config(config: Mapping[str, str] | None, settings: Settings) -> Iterator[Told]:
    """Retention against what must be read again, compaction, and timestamps. None: the broker does not tell."""
    if config is None:
        yield INFO, "the broker does not tell how the topic is configured", ""
        return
    if "compact" in config.get("cleanup.policy", ""):
        found = "it is compacted: of each shopper only the last event stays, and a replay sees nothing else"
        yield ERROR, found, "set cleanup.policy=delete"
    retention_s, ttl_s = int(config.get("retention.ms", "-1")) / 1e3, settings.intent.ttl_s
    needed_s = settings.session.gap_s + settings.commit.lag_s
    if 0 <= retention_s < needed_s:
        found = f"retention is {_hours(retention_s)}, a session and the commit lag are {_hours(needed_s)}"
        yield ERROR, f"{found}: workers that stop for a while lose events", "raise retention.ms"
    elif 0 <= retention_s < ttl_s:
        found = f"retention is {_hours(retention_s)}, intents live {_hours(ttl_s)} (intent.ttl_s)"
        yield (
            WARNING,
            f"{found}: older ones cannot be rebuilt from the topic",
            "raise retention.ms, or lower intent.ttl_s",
        )
    else:
        yield INFO, f"retention is {_hours(retention_s) if retention_s >= 0 else 'for ever'}", ""
    yield from judge_kept(config, settings.privacy.max_days)
    yield from _codec(config.get("compression.type", "producer"))
    if int(config.get("retention.bytes", "-1")) > 0:
        yield (
            WARNING,
            "retention.bytes is set: a busy day shortens what can be read again",
            "unset it, or watch the sizes",
        )
    yield INFO, f"timestamps are {config.get('message.timestamp.type', 'CreateTime')}", ""


def judge_kept(config: Mapping[str, str], max_days: float) -> Iterator[Told]:
    """Whether records with what shoppers did go in time. A compacted topic keeps the last of each by design."""
    if "retention.ms" not in config or config.get("cleanup.policy") == "compact":
        return
    retention_s = int(config["retention.ms"]) / 1e3
    if not 0 <= retention_s <= max_days * 86_400:
        kept = _hours(retention_s) if retention_s >= 0 else "for ever"
        found = f"it is kept {kept}, and what is personal may be kept {max_days:g} days (privacy.max_days)"
        yield WARNING, found, "lower retention.ms, or set privacy.max_days to what was agreed (docs/data-protection.md)"


def _codec(name: str) -> Iterator[Told]:
    if name not in READABLE:
        remedy = f"pip install cramjam, or set compression.type to one of {', '.join(READABLE[1:])}"
        yield ERROR, f"it is compressed by {name}, which this installation cannot read", remedy


def judge_committed(committed: Mapping[int, int], begins: Mapping[int, int]) -> Iterator[Told]:
    """Whether retention has passed what the group has read, by partition."""
    for number, offset in sorted(committed.items()):
        begin = begins.get(number, 0)
        if begin > offset:
            found = f"partition {number}: offsets {offset} to {begin - 1} were deleted before they were read"
            yield WARNING, found, "raise retention.ms; the workers go on behind them"


def judge_sample(
    sample: Mapping[int, Sequence[Record]],
    events: Sequence[tuple[int, ShopperEvent]],
    offsets: int,
    skew_s: float,
    now_ms: float,
) -> Iterator[Told]:
    """The newest records of a topic of so many offsets, and the events in them with their record's timestamps: hot
    keys, and clocks."""
    records = [record for some in sample.values() for record in some]
    if not records and offsets:
        yield WARNING, f"none of its {offsets:,} offsets gave a record in time", "look at the brokers, then look again"
        return
    if not records:
        yield INFO, "it is empty", ""
        return
    keys = Counter(record.key for record in records)
    [(_, most)] = keys.most_common(1)
    if len(records) >= 50 and most > HOT_SHARE * len(records):
        found = f"one key has {most} of the newest {len(records)} records"
        yield WARNING, found, "is it a shopper? A bot, or an id that stands for nobody, makes one partition hot"
    ahead_ms = max(record.timestamp for record in records) - now_ms
    if ahead_ms > FAR_MS:
        found = (
            f"the newest record is {ahead_ms / 1e3:,.1f} s in the future: a producer's or this machine's clock is wrong"
        )
        yield WARNING, found, "run NTP on both"
    yield from _event_times(events, skew_s)


def judge_refused(refused: Sequence[Refusal], records: int) -> Iterator[Told]:
    """Records of the sample that a worker would refuse, by why; keys are judged elsewhere."""
    for reason, (number, words) in by_reason(refused).items():
        remedy = REMEDIES.get(reason, "mend the producer (docs/events.md), or set kafka.dialect")
        severity = ERROR if number > MOSTLY * records else WARNING
        yield severity, f"{number} of {records} sampled records are refused as `{reason}`: {words}", remedy


def judge_sensitive(decoded: Sequence[Decoded]) -> Iterator[Told]:
    """Which share of the sampled events has something sensitive, by handling and pattern."""
    counts = sum((Counter(each.sensitive) for each in decoded), Counter[tuple[str, str]]())
    events = sum(len(each.events) + each.withheld for each in decoded)
    for (handling, pattern), number in counts.most_common():
        found = f"{number / events:.1%} of {events} sampled events are sensitive by {pattern}: {DONE[handling]}"
        remedy = "see that the pattern catches what is meant ([privacy])" if number > CAUGHT * events else ""
        yield WARNING if remedy else INFO, found, remedy


def _event_times(events: Sequence[tuple[int, ShopperEvent]], skew_s: float) -> Iterator[Told]:
    if not events:
        return
    ages_s = [(timestamp_ms - event.time_ms) / 1e3 for timestamp_ms, event in events]
    future = sum(age_s < -skew_s for age_s in ages_s)
    if future:
        found = f"{future} of {len(events)} sampled events are over {skew_s:g} s later than their record (they are cut)"
        yield WARNING, found, "see the shoppers' clocks: take the time on the server"
    yield INFO, f"events are written {median(ages_s):,.1f} s after they happened (median of {len(events)})", ""


def _hours(seconds: float) -> str:
    return f"{seconds / 3_600:,.1f} h"
