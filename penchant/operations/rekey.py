"""Rekey: puts together what `penchant rekey` runs, and knows when it is done."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import cast

import faust
import structlog

from agents.health.statistics import Meter
from agents.rekey.keyed_producer import WAIT_S, KafkaTarget
from agents.rekey.rekey import Rekey, RekeyCounts
from agents.worker.refusals import Refusals
from penchant.settings.root import Settings
from penchant.worker.presidio import redaction
from streams.errors import BrokerUnavailable
from streams.events.dialects import Dialect, DialectName, dialect
from streams.kafka.batch_transport import BatchTransport
from streams.kafka.batches import TP, Poll
from streams.kafka.dead_letter_producer import DeadLetterProducer
from streams.kafka.faust_app import KafkaGroup, event_topic, make_app, running, watch
from streams.kafka.options import KafkaOptions
from streams.kafka.producer import producing
from streams.kafka.reader import TopicReader
from streams.kafka.topics import create_topic, retention_of
from streams.kafka.transport import BatchConsumer
from streams.records.lineage import Log
from streams.records.retention import SPANS

log = structlog.get_logger()

DRAIN_S = 5.0
LOOK_S = 0.3


@dataclass(frozen=True, slots=True)
class RekeyPlan:
    """From which topics, each in which dialect, to which one. `partitions`: make the target if there is none."""

    sources: Mapping[str, DialectName]
    target: str
    group: str
    partitions: int | None = None


class Rekeying:
    """A rekey that runs. `lag` is how many offsets it had before it at its start."""

    def __init__(self, rekey: Rekey, ends: Mapping[TP, int], lag: int) -> None:
        self._rekey, self._ends, self.lag = rekey, ends, lag
        self._consumer: BatchConsumer | None = None
        self._idle: set[TP] = set()

    @property
    def tally(self) -> RekeyCounts:
        """What was done so far."""
        return self._rekey.tally

    def attach(self, consumer: BatchConsumer) -> None:
        """Where batches come from."""
        self._consumer = consumer

    async def worked_off(self) -> None:
        """Return when all that stood in our share of the topics at the start is written or refused for good."""
        while not await self._done():  # noqa: ASYNC110 - what is waited for is in Kafka
            await asyncio.sleep(LOOK_S)

    async def _done(self) -> bool:
        ours = self._rekey.assignment()
        if self._consumer is None or not ours:
            return False
        try:
            lags = await self._consumer.lags()
        except BrokerUnavailable:
            return False
        # Transaction markers at an end are never handed out. So a partition is done too when nothing is left to fetch
        # of it and nothing under way, twice: what was fetched last is then no longer on its way to us.
        idle = {tp for tp in ours if lags.get(tp) == 0 and not self._rekey.busy(tp)}
        before, self._idle = self._idle, idle
        return all(tp in idle & before or self._past(tp) for tp in ours)

    def _past(self, tp: TP) -> bool:
        reached = self._rekey.reached(tp)
        return reached is not None and reached >= self._ends.get(tp, 0)


@asynccontextmanager
async def rekeying(settings: Settings, plan: RekeyPlan) -> AsyncIterator[Rekeying]:
    """A rekey that runs while the block does; leaving it finishes what is under way, and commits.

    What breaks inside cancels the block and is raised: ContractMismatch when a topic is missing, DeadLetterLimit,
    BrokerUnavailable.
    """
    kafka = settings.kafka
    if plan.partitions is not None:
        await create_topic(kafka.options, plan.target, plan.partitions)
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(TopicReader(kafka.options))
        await reader.log(plan.target, "add --create-topic --partitions 12, or make it by the broker's own means")
        logs = [await reader.log(topic) for topic in plan.sources]
        lag = sum([await _lag(reader, each, plan.group) for each in logs])
        await _look_at_retention(kafka.options, plan)
        target = await stack.enter_async_context(producing(kafka.options, WAIT_S, linger_ms=5, max_batch_size=262_144))
        letters = await stack.enter_async_context(producing(kafka.options, idempotent=False))
        sender = DeadLetterProducer(letters, kafka.dead_letter_topic)
        refusals = Refusals(sender, settings.dead_letters, Meter())
        dialects = _dialects(settings, plan)
        rekey = Rekey(dialects, KafkaTarget(target, plan.target), refusals)
        ends = {TP(each.topic, number): end for each in logs for number, end in enumerate(each.ends)}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="penchant-faust-")))
        app = _app(replace(settings.kafka.consumer_group(folder), group_id=plan.group), rekey, list(plan.sources))
        done = Rekeying(rekey, ends, lag)
        async with _running(app, rekey, done):
            yield done


async def _look_at_retention(options: KafkaOptions, plan: RekeyPlan) -> None:
    """Records keep their timestamps: what is older than the target keeps is deleted there, read or not."""
    target = await retention_of(options, plan.target)
    if target is None:
        return
    for topic in plan.sources:
        source = await retention_of(options, topic)
        if source and target.span_ms < source.kept_ms:
            kept = "for ever (-1)" if source.kept_ms == inf else f"{source.kept_ms:,} ms"
            remedy = f"let {plan.target} take and keep what is as old ({SPANS}), at least until all is read"
            log.warning("rekey.target_keeps_less", topic=topic, kept=kept, target=plan.target, remedy=remedy)


def _dialects(settings: Settings, plan: RekeyPlan) -> Mapping[str, Dialect]:
    redact, privacy = redaction(settings.kafka), settings.privacy
    return {topic: dialect(name, redact_query=redact, privacy=privacy) for topic, name in plan.sources.items()}


def _app(group: KafkaGroup, rekey: Rekey, sources: list[str]) -> faust.App:
    async def drain(_: object) -> None:
        await rekey.drain(DRAIN_S)

    async def take(stream: faust.StreamT[Poll]) -> None:
        async for poll in stream:
            for batch in poll.batches:
                await rekey.take(batch)

    app = make_app(group, sources[0], rekey)
    app.transport = BatchTransport(app, sources, rekey, group.options, drain)
    for topic in sources:
        app.agent(event_topic(app, topic), name=f"rekey-{topic}")(take)
    return app


@asynccontextmanager
async def _running(app: faust.App, rekey: Rekey, done: Rekeying) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        beside = tasks.create_task(rekey.run())
        async with running(app):
            consumer = cast("BatchConsumer", app.consumer)
            done.attach(consumer)
            watching = tasks.create_task(watch(app))
            try:
                yield
            finally:
                watching.cancel()
                consumer.pause(rekey.assignment())
                await rekey.drain(DRAIN_S)
        beside.cancel()


async def _lag(reader: TopicReader, log: Log, group: str) -> int:
    committed, begins = await reader.committed(log, group), await reader.beginnings(log)
    return sum(end - max(committed.get(number, 0), begins[number]) for number, end in enumerate(log.ends))
