"""Forget: erase shoppers for good, or until they opt in, in the order that lets nothing come back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from penchant.settings.root import Settings
from penchant.worker.history import KafkaHistory, topics_of
from storage.connection import Client
from storage.erasures import Outcome, RedisErasures
from storage.forgetting import RedisForgetting
from storage.keys import Keys
from storage.lineage import RedisLineage
from storage.places import RedisPlaces
from streams.errors import ContractMismatch, StoreUnavailable
from streams.kafka.erasure_topic import ErasureReader
from streams.kafka.producer import RecordProducer, producing
from streams.kafka.reader import TopicReader
from streams.kafka.topics import COMPACTED, create_topic
from streams.records.erasures import Erasure, next_number

SLICE = 250
"""Shoppers erased in one go. An interrupted command goes on behind the last slice that was done."""

Choice = Literal["forget", "opt_out", "opt_in"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something of a shopper may have been, and what went: of a `redis` namespace intents, contexts, kept answers
    (1: all there were) and marks of owed calls; to a `kafka` topic a tombstone was sent. To the topic of impressions
    none is: its records are the shop's, and those from before the erasure count for nothing."""

    store: Literal["redis", "kafka"]
    name: str
    intents: int = 0
    contexts: int = 0
    owed: int = 0
    tombstones: int = 0
    answers: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was done for one shopper: the erasure's number, whether they are opted out now, where the erasure stands,
    where events count again, and what went of each place."""

    shopper: str
    number: int
    opted_out: bool
    erasure_topic: str
    erasure_offset: int
    events_count_from: tuple[int, ...]
    places: tuple[Place, ...]


@dataclass(slots=True)
class Forgotten:
    """The receipts, how many shoppers an earlier run of the same command had done, and who needed nothing: to opt in is
    nothing for those who are not opted out."""

    receipts: list[Receipt] = field(default_factory=list)
    done_before: int = 0
    unchanged: list[str] = field(default_factory=list)


async def forget(
    settings: Settings,
    shoppers: Sequence[str],
    choice: Choice = "forget",
    progress: Callable[[int], None] = lambda _: None,
) -> Forgotten:
    """Erase shoppers. The topic comes first: from then on a crash, here or in a worker, cannot undo it.

    Workers hear of it within about a second: they drop sessions, and cancel calls. BrokerUnavailable or
    StoreUnavailable: run it again, which completes what was cut short. `progress` hears how many are done.
    """
    async with _eraser(settings) as eraser:
        return await eraser.run(shoppers, choice, progress)


class _Eraser:
    """Everything of one run."""

    def __init__(self, settings: Settings, reader: TopicReader, redis: Client, producer: RecordProducer) -> None:
        keys, within_s = Keys(settings.redis.namespace), settings.redis.timeout_s
        self._kafka, self._reader, self._producer = settings.kafka, reader, producer
        self._store = RedisErasures(redis, keys, within_s)
        self._places, self._lineage = RedisPlaces(redis, keys, within_s), RedisLineage(redis, keys, within_s)
        self._saved = RedisForgetting(redis, keys, within_s)
        self._topic = ErasureReader(reader, settings.kafka.erasure_topic)
        self._live = keys.namespace

    async def run(self, shoppers: Sequence[str], choice: Choice, progress: Callable[[int], None]) -> Forgotten:
        """Slice after slice, then what is owed."""
        request = self._saved.request(choice, shoppers)
        done = Forgotten(done_before=await self._saved.read(request))
        untold, topics = await self._untold(frozenset(shoppers)), await self._topics()
        for first in range(done.done_before, len(shoppers), SLICE):
            some = shoppers[first : first + SLICE]
            erasures = await self._erasures(some, choice, untold)
            done.unchanged += sorted(set(some) - {each.shopper for each in erasures})
            done.receipts += await self._erase(erasures, topics)
            await self._saved.write(request, first + len(some))
            progress(first + len(some))
        await self._unowe(shoppers, done)
        await self._saved.forget(request)
        return done

    async def _erase(self, erasures: Sequence[Erasure], topics: Sequence[str]) -> list[Receipt]:
        """The erasure topic, then Redis, then the topics of intents."""
        offsets = await self._send(erasures)
        outcomes = await self._store.erase(erasures)
        history = KafkaHistory(self._producer, topics)
        await asyncio.gather(*(history.erase(each.shopper) for each in erasures))
        sent = [Place("kafka", topic, tombstones=1) for topic in topics]
        if self._kafka.impressions_topic is not None:
            sent.append(Place("kafka", self._kafka.impressions_topic))
        return [
            _receipt(each, self._kafka.erasure_topic, offset, [*_redis(outcome), *sent])
            for each, offset, outcome in zip(erasures, offsets, outcomes, strict=True)
        ]

    async def _erasures(
        self, shoppers: Sequence[str], choice: Choice, untold: Mapping[str, Erasure]
    ) -> Sequence[Erasure]:
        """What is asked for. Who is opted out stays so, unless they opt in; numbers only grow."""
        log, lineage = await self._reader.log(self._kafka.topic), await self._lineage.read()
        clock_ms, markers = await self._store.clock_ms(), await self._store.markers(shoppers)
        erasures = []
        for shopper, marker in zip(shoppers, markers, strict=True):
            known = [each for each in (marker, untold.get(shopper)) if each is not None]
            was_out = max(known, key=lambda each: each.number).opted_out if known else False
            if choice == "opt_in" and not was_out:
                continue
            number = next_number(clock_ms, (each.number for each in known))
            is_out = choice == "opt_out" or (was_out and choice == "forget")
            erasures.append(Erasure(shopper, number, lineage.number if lineage else 0, log.ends, is_out))
        return erasures

    async def _untold(self, shoppers: Collection[str]) -> Mapping[str, Erasure]:
        """Erasures of these shoppers that stand in the topic, and that the store has lost or not heard of."""
        await self._make_topic()
        found: dict[str, Erasure] = {}
        async for erasures in self._topic.between(await self._store.reached(), await self._topic.end()):
            found |= {each.shopper: each for each in erasures if each.shopper in shoppers}
        return found

    async def _make_topic(self) -> None:
        """See to it that there is an erasure topic, compacted, of one partition."""
        topic = self._kafka.erasure_topic
        if not await self._reader.has(topic):
            with suppress(ContractMismatch):  # where topics cannot be made, the broker may make it when written to
                await create_topic(self._kafka.options, topic, 1, COMPACTED)

    async def _topics(self) -> Sequence[str]:
        """Where intents are sent, or once were; those that are there."""
        known = dict.fromkeys([*topics_of(self._kafka), *await self._places.read("topic")])
        return [topic for topic in known if await self._reader.has(topic)]

    async def _send(self, erasures: Sequence[Erasure]) -> Sequence[int]:
        topic, producer = self._kafka.erasure_topic, self._producer
        sent = [await producer.put(topic, each.shopper.encode(), each.dump()) for each in erasures]
        return [metadata.offset for metadata in await producer.acknowledged(topic, sent)]

    async def _unowe(self, shoppers: Sequence[str], done: Forgotten) -> None:
        """Once for all of them: to look through what is owed takes as long for one."""
        log = await self._reader.log(self._kafka.topic)
        owed = await self._store.unowe(frozenset(shoppers), log.partitions)
        for at, receipt in enumerate(done.receipts):
            if marks := owed[receipt.shopper]:
                places = tuple(
                    replace(place, owed=marks) if (place.store, place.name) == ("redis", self._live) else place
                    for place in receipt.places
                )
                done.receipts[at] = replace(receipt, places=places)


@asynccontextmanager
async def _eraser(settings: Settings) -> AsyncIterator[_Eraser]:
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(TopicReader(settings.kafka.options))
        redis = settings.redis.connect()
        stack.push_async_callback(redis.aclose)
        producer = await stack.enter_async_context(producing(settings.kafka.options))
        yield _Eraser(settings, reader, redis, producer)


def _receipt(erasure: Erasure, topic: str, offset: int, places: Sequence[Place]) -> Receipt:
    return Receipt(erasure.shopper, erasure.number, erasure.opted_out, topic, offset, erasure.ends, tuple(places))


def _redis(outcome: Outcome) -> Sequence[Place]:
    if isinstance(outcome, StoreUnavailable):
        raise outcome
    return [Place("redis", name, **gone._asdict()) for name, gone in outcome.items()]
