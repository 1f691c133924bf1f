"""Kafka: the topics that a worker reads and writes, and the log that its contexts belong to."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from penchant.operations.doctor import topics
from penchant.operations.doctor.findings import ERROR, INFO, WARNING, Finding, Severity
from penchant.settings.kafka import Kafka
from penchant.settings.root import Settings
from penchant.worker.admission import make_keeper, rekey_remedy
from storage.erasures import RedisErasures
from storage.keys import Keys
from streams.errors import TopicMissing
from streams.events.dialects import dialect, whole_dialect
from streams.events.keying import examine as examine_keys
from streams.kafka.reader import TopicReader
from streams.kafka.topics import config_of, replicas_of
from streams.records.lineage import Log

SHORT_S = 86_400.0
"""Dead letters that are kept for less are gone before somebody has mended what refused them."""


async def examine_events(settings: Settings) -> list[Finding]:
    """The event topic: what it is, how it is configured, and what its newest records say."""
    kafka = settings.kafka
    async with TopicReader(kafka.options) as reader:
        log = await reader.log(kafka.topic)
        begins = await reader.beginnings(log)
        sample = await reader.newest(log, (), max(kafka.sample_records, 1))
    replicas, in_sync = await replicas_of(kafka.options, kafka.topic)
    told = [
        *topics.judge_partitions([end - begins[number] for number, end in enumerate(log.ends)]),
        *topics.judge_replicas(replicas, in_sync),
        *topics.judge_config(await config_of(kafka.options, kafka.topic), settings),
    ]
    reading = dialect(kafka.dialect, privacy=settings.privacy)
    decoded = [reading.decode(records) for records in sample.values()]
    events = [(timestamp_ms, event) for each in decoded for _, timestamp_ms, event in each.events]
    offsets = sum(log.ends) - sum(begins.values())
    told += topics.judge_sample(sample, events, offsets, settings.session.future_skew_s, time.time() * 1e3)
    refused = [refusal for each in decoded for refusal in each.refused]
    told += topics.judge_refused(refused, sum(map(len, sample.values())))
    told += topics.judge_sensitive(decoded)
    told += _keys(kafka, sample, log, is_refused=bool(refused))
    return _findings(f"topic {kafka.topic}", told)


async def examine_dead_letters(settings: Settings) -> list[Finding]:
    """The dead-letter topic: that it is there, and keeps what it gets for long enough."""
    kafka, name = settings.kafka, settings.kafka.dead_letter_topic
    async with TopicReader(kafka.options) as reader:
        try:
            log = await reader.log(name)
            begins = await reader.beginnings(log)
        except TopicMissing:
            found = "it is missing: workers make it at their start where they may; else refused records hold the commit"
            return [Finding(f"topic {name}", WARNING, found, "make it by the broker's own means")]
    config = await config_of(kafka.options, name)
    told: list[tuple[Severity, str, str]] = []
    letters = sum(log.ends) - sum(begins.values())
    told.append((INFO, f"{log.partitions} partitions with {letters:,} offsets", ""))
    if config and "compact" in config.get("cleanup.policy", ""):
        told.append((ERROR, "it is compacted: of each shopper one letter stays", "set cleanup.policy=delete"))
    retention_s = int((config or {}).get("retention.ms", "-1")) / 1e3
    if config and 0 <= retention_s < SHORT_S:
        told.append((WARNING, "its retention is below a day", "raise retention.ms: letters wait for people"))
    told += topics.judge_kept(config or {}, settings.privacy.max_days) if config else ()
    return _findings(f"topic {name}", told)


async def examine_side_topics(settings: Settings) -> list[Finding]:
    """The erasure topic, and those that intents and their history are sent to, where there are any."""
    kafka = settings.kafka
    findings: list[Finding] = []
    async with TopicReader(kafka.options) as reader:
        for name in filter(
            None, (kafka.erasure_topic, kafka.intents_topic, kafka.history_topic, kafka.impressions_topic)
        ):
            try:
                told = await _side_topic(settings, reader, name)
            except TopicMissing:
                missing = WARNING, "it is missing", "make it by the broker's own means"
                told = [await _erasure_topic_missing(settings) if name == kafka.erasure_topic else missing]
            findings += _findings(f"topic {name}", told)
    return findings


async def _erasure_topic_missing(settings: Settings) -> tuple[Severity, str, str]:
    """Redis says whether there was one."""
    redis = settings.redis.connect(connections=1)
    try:
        erasures = RedisErasures(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
        reached = await erasures.reached()
    finally:
        await redis.aclose()
    if reached.offsets:
        found = "it is missing, and erasures were taken over from it: Redis alone still has them"
        return ERROR, found, "ask for them again by their receipts (docs/drills.md)"
    return INFO, "it is missing: nobody was erased yet, and `penchant forget` makes it", ""


async def _side_topic(settings: Settings, reader: TopicReader, name: str) -> list[tuple[Severity, str, str]]:
    kafka, log = settings.kafka, await reader.log(name)
    config = await config_of(kafka.options, name) or {}
    policy = config.get("cleanup.policy", "compact")
    if policy != "compact" and name == kafka.erasure_topic:
        found = f"cleanup.policy is {policy}: erasures are forgotten, and what they erased may come back"
        return [(ERROR, found, "set cleanup.policy=compact")]
    if policy != "compact" and name == kafka.intents_topic:
        found = f"cleanup.policy is {policy}: current intents are forgotten"
        return [(WARNING, found, "set cleanup.policy=compact")]
    told = [(INFO, f"{log.partitions} partitions with {sum(log.ends):,} offsets", "")]
    return [*told, *(topics.judge_kept(config, settings.privacy.max_days) if config else ())]


async def examine_lineage(settings: Settings) -> list[Finding]:
    """The log that the contexts belong to, and how far the group is behind."""
    redis = settings.redis.connect()
    try:
        async with TopicReader(settings.kafka.options) as reader:
            found = await make_keeper(settings, reader, redis).look()
            begins = await reader.beginnings(found.log)
    finally:
        await redis.aclose()
    told: list[tuple[Severity, str, str]] = []
    if found.change:
        told.append((ERROR, found.change.description, "see `penchant lineage show`, then `penchant lineage bump`"))
    elif found.recorded:
        told.append((INFO, f"number {found.recorded.number}, and the topic is the log that it was", ""))
    else:
        told.append((INFO, "none is recorded yet; the first worker does", ""))
    behind = f"the group {settings.kafka.group} is {found.backlog:,} records behind"
    told.append(
        (INFO, behind if found.committed else f"the group {settings.kafka.group} has committed nothing yet", "")
    )
    told += topics.judge_committed(found.committed, begins)
    return _findings("lineage", told)


def _keys(
    kafka: Kafka, sample: Mapping[int, Sequence[Any]], log: Log, *, is_refused: bool
) -> Iterable[tuple[Severity, str, str]]:
    """How the records are keyed; with `is_refused` it was said already why some are no events."""
    keying = examine_keys(sample, whole_dialect(kafka.dialect, keyed=True))
    if keying.records and not keying.events:
        if is_refused:
            return
        yield (
            ERROR,
            f"none of {keying.records} sampled records is a {kafka.dialect} event",
            "set kafka.dialect (docs/events.md)",
        )
    elif fault := keying.fault:
        yield ERROR, fault, rekey_remedy(kafka.topic, log.partitions, kafka.dialect)
    elif keying.records:
        yield INFO, f"{keying.events} of {keying.records} sampled records are events, keyed by their shoppers", ""


def _findings(subject: str, told: Iterable[tuple[Severity, str, str]]) -> list[Finding]:
    return [Finding(subject, *each) for each in told]
