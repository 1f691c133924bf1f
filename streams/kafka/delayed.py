"""Delayed: a group's records of a topic, each handed out once it is old enough. None waits in memory: a partition whose
next record is too young is paused until its time has come.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError

from streams.events.decoding import Record
from streams.kafka.closing import close
from streams.kafka.errors import kafka_errors
from streams.kafka.options import KafkaOptions, Login
from streams.kafka.reader import TopicReader

POLL_MS = 1_000
WITHIN_S = 30.0
"""The longest that joining the group or a commit may take."""

MOST = 500
"""Records handed out at once."""

FETCH_BYTES = 262_144

log = structlog.get_logger()


class DelayedReader:
    """One member of a group. What was handed out is committed by `commit`; after a crash, or where another member takes
    a partition over before that, it is handed out again. Everything raises BrokerUnavailable without Kafka, and
    ContractMismatch for a right that is missing.

    Ages are by the records' timestamps and `clock_ms`; a record from further in the future than `delay_ms` is handed
    out at once, so that it holds nothing up.
    """

    def __init__(
        self, options: KafkaOptions, topic: str, group: str, delay_ms: int, clock_ms: Callable[[], int]
    ) -> None:
        self._options, self._topic, self._group = options, topic, group
        self._delay_ms, self._clock_ms = delay_ms, clock_ms
        self._until_ms: dict[Any, int] = {}
        self._reached: dict[Any, int] = {}

    async def __aenter__(self) -> Self:
        """Join the group. TopicMissing where there is no such topic; aiokafka would wait for one without a word."""
        async with TopicReader(self._options) as reader:
            await reader.log(self._topic, "make it, keyed by shopper, or name another")
        self._consumer = AIOKafkaConsumer(
            self._topic,
            **self._options.client(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
            isolation_level=self._options.isolation,
            client_rack=self._options.client_rack,
        )
        self._login = Login(self._options, self._consumer._client)
        try:
            with kafka_errors(self._options, self._topic):
                async with asyncio.timeout(WITHIN_S):
                    await self._consumer.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._until_ms.clear()
        self._reached.clear()
        await close(self._consumer, self._consumer._client)

    async def due(self) -> Sequence[Record]:
        """The next records that are old enough, of one partition in its order; none where none is within a second."""
        now_ms = self._clock_ms()
        self._login.refresh()
        self._resume(now_ms)
        with kafka_errors(self._options, self._topic):
            found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MOST)
        due: list[Record] = []
        for partition, records in found.items():
            ready = list(takewhile(lambda record: self._due_ms(record, now_ms) <= now_ms, records))
            due += ready
            if ready:
                self._reached[partition] = ready[-1].offset + 1
            if len(ready) < len(records):
                self._hold(partition, records[len(ready)], now_ms)
        return due

    async def commit(self) -> None:
        """What was handed out is done. Of partitions that are another member's by now it is that one's to say so."""
        reached, self._reached = self._reached, {}
        mine = self._consumer.assignment()
        if not (kept := {partition: offset for partition, offset in reached.items() if partition in mine}):
            return
        with kafka_errors(self._options, self._topic):
            try:
                async with asyncio.timeout(WITHIN_S):
                    await self._consumer.commit(kept)
            except CommitFailedError:
                log.info("commit.late", topic=self._topic, then="the next owner reads some again")

    def _due_ms(self, record: Record, now_ms: int) -> int:
        return now_ms if record.timestamp > now_ms + self._delay_ms else record.timestamp + self._delay_ms

    def _hold(self, partition: Any, record: Record, now_ms: int) -> None:
        if partition in self._consumer.assignment():
            self._consumer.seek(partition, record.offset)
            self._consumer.pause(partition)
            self._until_ms[partition] = self._due_ms(record, now_ms)

    def _resume(self, now_ms: int) -> None:
        for partition, until_ms in list(self._until_ms.items()):
            if partition not in self._consumer.assignment():
                del self._until_ms[partition]
            elif until_ms <= now_ms:
                self._consumer.resume(partition)
                del self._until_ms[partition]
