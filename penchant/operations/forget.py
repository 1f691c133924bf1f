"""Forget: erase shoppers for good, in the order that lets nothing come back."""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from penchant.settings.root import Settings
from penchant.worker.history import KafkaHistory
from storage.connection import connect
from storage.erasures import RedisErasures
from storage.keys import Keys
from storage.lineage import RedisLineage
from streams.errors import ContractMismatch
from streams.kafka.producer import producing
from streams.kafka.reader import TopicReader
from streams.kafka.topics import COMPACTED, create_topic
from streams.records.erasures import Erasure


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was done for one shopper: the erasure's number, where events count again, and what went of each store."""

    shopper: str
    number: int
    erasure_topic: str
    erasure_offset: int
    events_count_from: tuple[int, ...]
    redis_intents: int
    redis_contexts: int
    redis_owed: int


async def forget(settings: Settings, shoppers: Sequence[str]) -> list[Receipt]:
    """Erase shoppers. The topic comes first: from then on a crash, here or in a worker, cannot undo it.

    Workers hear of it within about a second: they drop sessions, and cancel calls. BrokerUnavailable or
    StoreUnavailable: run it again, which does no harm.
    """
    kafka, keys = settings.kafka, Keys(settings.redis.namespace)
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(TopicReader(kafka.options))
        redis = connect(settings.redis.url, cluster=settings.redis.cluster)
        stack.push_async_callback(redis.aclose)
        log = await reader.log(kafka.topic)
        lineage = await RedisLineage(redis, keys, settings.redis.timeout_s).read()
        await _topic(settings, reader)
        producer = await stack.enter_async_context(producing(kafka.options))
        number = time.time_ns() // 1_000_000
        erasures = [Erasure(each, number, lineage.number if lineage else 0, log.ends) for each in shoppers]
        topic = kafka.erasure_topic
        offsets = [await producer.send(topic, each.shopper.encode(), each.dump()) for each in erasures]
        store = RedisErasures(redis, keys, settings.redis.timeout_s)
        removed = await store.erase(erasures)
        owed = [await store.unowe([each], log.partitions) for each in shoppers]
        history = KafkaHistory(producer, kafka)
        for each in shoppers:
            await history.erase(each)
    return [
        Receipt(each.shopper, number, kafka.erasure_topic, offset, each.ends, *gone, marks)
        for each, offset, gone, marks in zip(erasures, offsets, removed, owed, strict=True)
    ]


async def _topic(settings: Settings, reader: TopicReader) -> None:
    """See to it that there is an erasure topic, compacted, of one partition."""
    topic = settings.kafka.erasure_topic
    try:
        await reader.log(topic)
    except ContractMismatch:
        with suppress(ContractMismatch):  # where topics cannot be made this way, the broker may make it when written to
            await create_topic(settings.kafka.options, topic, 1, COMPACTED)
