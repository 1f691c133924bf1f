"""First look: what a topic and its servers turn out to be, before anybody has written settings for them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from penchant.operations.doctor.examination import examine
from penchant.operations.doctor.findings import Finding
from penchant.settings.root import Settings
from storage.connection import ask
from streams.errors import BrokerUnavailable, EventRefused, StoreUnavailable, TopicMissing
from streams.events.decoding import Record
from streams.events.dialects import DialectName, whole_dialect
from streams.events.formats import cloudevents
from streams.events.recognition import recognize
from streams.kafka.reader import TopicReader

MOSTLY = 0.95
"""A share of recognised records from which a topic is in one dialect, and what is left are mishaps."""


@dataclass(frozen=True, slots=True)
class FirstLook:
    """`settings` are those that were given, with what was found: `changed` are the names of those, and `remarks` say of
    a setting what was seen."""

    settings: Settings
    changed: frozenset[str]
    remarks: Mapping[str, str]
    findings: Sequence[Finding]


async def look(given: Settings) -> FirstLook:
    """Read the newest records and ask Redis, and let doctor judge the rest. What is away is a finding."""
    changes: dict[str, dict[str, object]] = {"kafka": _topics(given), "redis": {}}
    remarks: dict[str, str] = {}
    records = await _newest(given)
    if spoken := dialect_of(records):
        changes["kafka"]["dialect"] = spoken
        remarks["kafka.dialect"], remarks["privacy.default_purposes"] = _read(records, spoken)
    if await _is_cluster(given):
        changes["redis"]["cluster"] = True
    settings = given.model_copy(
        update={name: replace(getattr(given, name), **values) for name, values in changes.items()}
    )
    changed = frozenset(f"{section}.{key}" for section, values in changes.items() for key in values)
    return FirstLook(settings, changed, remarks, await examine(settings))


def dialect_of(records: Sequence[Record]) -> DialectName | None:
    """The dialect that nearly all recognised records are in, `auto` for several; None where none is recognised."""
    counts = Counter(name for record in records if (name := _recognized(record)))
    if not counts:
        return None
    [(name, most)] = counts.most_common(1)
    return name if most >= MOSTLY * counts.total() else "auto"


def _recognized(record: Record) -> DialectName | None:
    try:
        if cloudevents.unwrap(record.value or b"", record.headers, record.timestamp):
            return "cloudevents"
        return recognize(record.value or b"")
    except EventRefused:
        return None


def _read(records: Sequence[Record], spoken: DialectName) -> tuple[str, str]:
    """How many of the records are events, and how many of those tell what their shopper agreed to."""
    events = whole_dialect(spoken).decode(records).events
    told = sum(event.consent is not None for _, _, event in events)
    read = f"{len({at for at, _, _ in events})} of {len(records)} sampled records are read so"
    return read, f"{told} of {len(events)} sampled events say what their shopper agreed to"


async def _newest(given: Settings) -> Sequence[Record]:
    kafka = given.kafka
    try:
        async with TopicReader(kafka.options) as reader:
            sample = await reader.newest(await reader.log(kafka.topic), (), max(kafka.sample_records, 1))
    except (BrokerUnavailable, TopicMissing):  # which doctor says with its cause
        return ()
    return [record for some in sample.values() for record in some]


async def _is_cluster(given: Settings) -> bool:
    if given.redis.cluster or given.redis.sentinel.addresses:
        return given.redis.cluster
    client = given.redis.connect(connections=1)
    try:
        [info] = await ask(client, [("INFO", "cluster")], given.redis.timeout_s)
    except StoreUnavailable:  # the same
        return False
    finally:
        await client.aclose()
    return bool(info.get("cluster_enabled"))


def _topics(given: Settings) -> dict[str, object]:
    """Side topics named by the topic, so that two shops of one Kafka do not share them."""
    kafka, default = given.kafka, Settings().kafka
    names = {"dead_letter_topic": "dead-letters", "erasure_topic": "erasures"}
    stem = kafka.topic[:230]
    return {key: f"{stem}.{end}" for key, end in names.items() if getattr(kafka, key) == getattr(default, key)}
