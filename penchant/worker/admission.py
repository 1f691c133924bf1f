"""Start: a worker is admitted to its topic, or stopped with what to do."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from penchant.settings.kafka import Kafka
from penchant.settings.root import Settings
from penchant.worker.group_start import begin_group
from penchant.worker.lineage import Findings, LineageKeeper, refuse
from storage.connection import Client
from storage.keys import Keys
from storage.lineage import RedisLineage
from streams.errors import ContractMismatch
from streams.events.dialects import DialectName, whole_dialect
from streams.events.keying import examine
from streams.kafka.reader import TopicReader
from streams.records.lineage import Lineage

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Admission:
    """What a worker was admitted to. `watch` runs as long as it does, and raises when that is no longer true."""

    lineage: Lineage
    keeper: LineageKeeper

    async def watch(self) -> None:
        """Raises LineageMismatch when the log, or the lineage in force, becomes another one."""
        await self.keeper.watch(self.lineage)


@asynccontextmanager
async def admitted(settings: Settings, redis: Client) -> AsyncIterator[Admission]:
    """Check the event topic before anything is consumed.

    Raises LineageMismatch when it is not the log that the contexts belong to, ContractMismatch when there is none or
    its records are not keyed by shopper, and BrokerUnavailable or StoreUnavailable when those are away.
    """
    async with TopicReader(settings.kafka.options) as reader:
        keeper = make_keeper(settings, reader, redis)
        findings = await keeper.look()
        refuse(findings)
        await check_keys(settings.kafka, reader, findings)
        lineage = await keeper.admit(findings)
        await begin_group(settings.kafka, reader, findings, time.time_ns() // 1_000_000)
        log.info("topic.admitted", topic=lineage.topic, partitions=lineage.partitions, lineage=lineage.number)
        yield Admission(lineage, keeper)


def make_keeper(settings: Settings, reader: TopicReader, redis: Client) -> LineageKeeper:
    """The keeper of the namespace's lineage."""
    records = RedisLineage(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
    return LineageKeeper(reader, records, settings.kafka.topic, settings.kafka.group, settings.lineage)


async def check_keys(kafka: Kafka, reader: TopicReader, findings: Findings) -> None:
    """Read a sample of the newest records; ContractMismatch with the way out when they are not keyed by shopper."""
    if not kafka.sample_records:
        return
    starts = findings.recorded.starts if findings.recorded else ()
    sample = await reader.newest(findings.log, starts, kafka.sample_records)
    keying = examine(sample, whole_dialect(kafka.dialect, keyed=True))
    log.debug("topic.sampled", records=keying.records, events=keying.events)
    if fault := keying.fault:
        raise ContractMismatch(
            f"{fault} in the topic {kafka.topic}", rekey_remedy(kafka.topic, findings.log.partitions, kafka.dialect)
        )


def rekey_remedy(topic: str, partitions: int, spoken: DialectName = "native") -> str:
    """The command that makes a topic keyed by shopper, with native events, out of one that is not."""
    keyed = f"{topic[:243]}-keyed"
    told, then = (f" --dialect {topic}={spoken}", " and kafka.dialect to native") if spoken != "native" else ("", "")
    command = f"penchant rekey --from {topic}{told} --to {keyed} --create-topic --partitions {partitions}"
    return f"run `{command}`, leave it running, and set kafka.topic to {keyed}{then}"
