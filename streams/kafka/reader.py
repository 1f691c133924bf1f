"""Reader: looks at topics without being in a group: what they are, how far they go, and their newest records."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaClient, AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, UnknownTopicOrPartitionError

from streams.errors import ContractMismatch, TopicMissing
from streams.events.decoding import Record
from streams.kafka.closing import close
from streams.kafka.errors import kafka_errors
from streams.kafka.header_names import accept_any_name
from streams.kafka.metadata import describe
from streams.kafka.options import KafkaOptions
from streams.records.lineage import Log

SAMPLE_WITHIN_S = 5.0
POLL_MS = 250
FETCH_BYTES = 262_144


class Start(NamedTuple):
    """Where a partition is read from, and the time of that record in epoch milliseconds."""

    offset: int
    time_ms: int


class TopicReader:
    """A connection that reads only. Waits are bounded by `timeout_s` each; BrokerUnavailable without Kafka.

    Of transactions it reads what `options.isolation` says.
    """

    def __init__(self, options: KafkaOptions, timeout_s: float = 10.0) -> None:
        self._options, self._timeout_s = options, timeout_s

    async def __aenter__(self) -> Self:
        accept_any_name()
        client = self._options.client() | {"request_timeout_ms": int(self._timeout_s * 1_000)}
        self._client = AIOKafkaClient(**client)
        self._consumer = AIOKafkaConsumer(
            **client,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
            isolation_level=self._options.isolation,
            client_rack=self._options.client_rack,
        )
        try:
            async with self._asking():
                await self._client.bootstrap()
                await self._consumer.start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def log(self, topic: str, remedy: str = "") -> Log:
        """The topic as it is now. TopicMissing, with a remedy, where there is none; ContractMismatch if hidden."""
        async with self._asking(topic):
            try:
                topic_id, number = await describe(self._client, topic)
            except UnknownTopicOrPartitionError as exc:
                raise _missing(self._options, topic, remedy) from exc
            ends = await self._consumer.end_offsets(_partitions(topic, number))
        return Log(topic, topic_id, tuple(end for _, end in sorted(ends.items())))

    async def has(self, topic: str) -> bool:
        """Whether there is such a topic; ContractMismatch where rights hide it."""
        try:
            await self.log(topic)
        except TopicMissing:
            return False
        return True

    async def newest(self, log: Log, starts: Sequence[int], records: int) -> Mapping[int, Sequence[Record]]:
        """About so many of the newest records, spread over the partitions, none from before `starts`; those that
        could be read within seconds of the first."""
        async with self._asking(log.topic):
            firsts = await self._firsts(log, starts, records)
        if not firsts:
            return {}
        self._consumer.assign(list(firsts))
        for partition, first in firsts.items():
            self._consumer.seek(partition, first)
        return await self._read({partition: log.ends[partition.partition] for partition in firsts})

    async def scan(self, log: Log, firsts: Mapping[int, int]) -> AsyncGenerator[tuple[int, Sequence[Record]]]:
        """Everything from these offsets to the ends of `log`, partition by partition as it comes: number and records.

        BrokerUnavailable when nothing comes for `timeout_s`.
        """
        ends = {TopicPartition(log.topic, number): log.ends[number] for number in firsts}
        self._consumer.assign(list(ends))
        for partition in ends:
            self._consumer.seek(partition, firsts[partition.partition])
        with kafka_errors(self._options, log.topic):
            while True:
                async with asyncio.timeout(self._timeout_s):
                    behind = await self._behind(ends)
                    found = await self._some(behind, ends) if behind else {}
                if not behind:
                    return
                for partition, records in found.items():
                    yield partition.partition, records

    async def _some(self, behind: Sequence[TopicPartition], ends: Mapping[TopicPartition, int]) -> Mapping[Any, Any]:
        """The next records before the ends; none where only markers were in the way."""
        before = [await self._consumer.position(partition) for partition in behind]
        while True:
            found = await self._consumer.getmany(*behind, timeout_ms=POLL_MS)
            if found or before != [await self._consumer.position(partition) for partition in behind]:
                return {
                    partition: [record for record in records if record.offset < ends[partition]]
                    for partition, records in found.items()
                }

    async def committed(self, log: Log, group: str) -> Mapping[int, int]:
        """The group's committed offset of each partition that has one."""
        async with self._of_group(log, group) as consumer:
            asked = [consumer.committed(partition) for partition in _partitions(log.topic, log.partitions)]
            offsets = await asyncio.gather(*asked)
        return {number: offset for number, offset in enumerate(offsets) if offset is not None}

    async def move(self, log: Log, group: str, offsets: Mapping[int, int]) -> None:
        """Let the group go on at these offsets; ContractMismatch while it has members."""
        async with self._of_group(log, group) as consumer:
            try:
                await consumer.commit({TopicPartition(log.topic, number): offset for number, offset in offsets.items()})
            except CommitFailedError as exc:
                message = f"workers of the group {group} are running"
                raise ContractMismatch(message, "stop all of them, then run this again") from exc

    async def beginnings(self, log: Log) -> Mapping[int, int]:
        """The first offset that each partition still has."""
        async with self._asking(log.topic):
            offsets = await self._consumer.beginning_offsets(_partitions(log.topic, log.partitions))
        return {partition.partition: offset for partition, offset in offsets.items()}

    async def since(self, log: Log, time_ms: int) -> Mapping[int, Start]:
        """The first record at that time or later, of each partition that has one; brokers' mocks tell of none."""
        asked = dict.fromkeys(_partitions(log.topic, log.partitions), time_ms)
        async with self._asking(log.topic):
            found = await self._consumer.offsets_for_times(asked)
        return {each.partition: Start(at.offset, at.timestamp) for each, at in found.items() if at is not None}

    async def one(self, log: Log, partition: int, offset: int) -> Record | None:
        """The record at an offset; None where retention or compaction has removed it."""
        if not (partition < log.partitions and (await self.beginnings(log))[partition] <= offset < log.ends[partition]):
            return None
        async with aclosing(self.scan(log, {partition: offset})) as scan:
            async for _, records in scan:
                if records:
                    return records[0] if records[0].offset == offset else None
        return None

    async def _firsts(self, log: Log, starts: Sequence[int], records: int) -> Mapping[TopicPartition, int]:
        begins = await self.beginnings(log)
        floors = {number: max(begins[number], starts[number] if number < len(starts) else 0) for number in _all(log)}
        filled = [number for number in _all(log) if log.ends[number] > floors[number]]
        each = -(-records // len(filled)) if filled else 0
        return {TopicPartition(log.topic, number): max(floors[number], log.ends[number] - each) for number in filled}

    async def _read(self, ends: Mapping[TopicPartition, int]) -> Mapping[int, Sequence[Record]]:
        found: dict[int, list[Record]] = {partition.partition: [] for partition in ends}
        now_s = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(self._timeout_s) as limit:
                with kafka_errors(self._options):
                    while await self._behind(ends):
                        for partition, records in (await self._consumer.getmany(timeout_ms=POLL_MS)).items():
                            if not any(found.values()):
                                limit.reschedule(now_s() + SAMPLE_WITHIN_S)
                            found[partition.partition] += records
        except TimeoutError:
            return found
        finally:
            self._consumer.unsubscribe()
        return found

    async def _behind(self, ends: Mapping[TopicPartition, int]) -> Sequence[TopicPartition]:
        """By position, which goes past transaction markers and what compaction removed."""
        return [partition for partition, end in ends.items() if await self._consumer.position(partition) < end]

    @asynccontextmanager
    async def _of_group(self, log: Log, group: str) -> AsyncIterator[Any]:
        """A consumer that may ask for the group's offsets without being a member."""
        consumer = AIOKafkaConsumer(**self._options.client(), group_id=group, enable_auto_commit=False)
        try:
            async with self._asking(log.topic):
                await consumer.start()
                consumer.assign(_partitions(log.topic, log.partitions))
                yield consumer
        finally:
            await close(consumer, consumer._client)

    @asynccontextmanager
    async def _asking(self, topic: str = "") -> AsyncIterator[None]:
        """A question to the brokers, bounded in time, whose errors are ours."""
        with kafka_errors(self._options, topic):
            async with asyncio.timeout(self._timeout_s):
                yield

    async def _close(self) -> None:
        await close(self._consumer, self._consumer._client)
        await self._client.close()


def _all(log: Log) -> range:
    return range(log.partitions)


def _partitions(topic: str, number: int) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for partition in range(number)]


def _missing(options: KafkaOptions, topic: str, remedy: str) -> TopicMissing:
    simulate = f"penchant simulate traffic --topic {topic} --create-topic --partitions 12"
    usual = f"make it by the broker's own means, or with simulated shoppers in it: {simulate}"
    return TopicMissing(f"Kafka at {options.bootstrap} has no topic {topic}", remedy or usual)
