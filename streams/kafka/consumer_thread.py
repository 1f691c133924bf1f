"""The thread in which Faust runs aiokafka, on an event loop of its own, and what the transport asks there.

Polls cross to it and back by one call each. The rare exchanges go by Faust's queue of methods, of which each costs a
dozen tasks.
"""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from streams.cancellation import is_ours
from streams.kafka.batches import TP
from streams.kafka.fetch_layout import write_rows
from streams.kafka.gathering import Gathering, gather_fetches
from streams.kafka.header_names import accept_any_name, as_fetched
from streams.kafka.one_poll import polled
from streams.kafka.options import KafkaOptions, Login
from streams.kafka.other_loop import done_there

TIMEOUT_S = 5.0
"""How long an exchange may take, beside the fetch that it may stand behind. aiokafka itself would try for ever, and
hold one of the thread's two places."""

SWITCH_S = 0.001
"""How long Python lets a thread go on that others wait for. By default it is 5 ms, and a fetch may have to wait several
times: after each look at its socket the thread needs its turn again."""

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


class ConsumerThread(AIOKafkaConsumerThread):
    """Faust's thread, made to end also when no broker answers, with exchanges that end.

    They raise what aiokafka raises, and TimeoutError.
    """

    shutdown_timeout = 10.0

    def __init__(self, consumer: Any, options: KafkaOptions, **kwargs: Any) -> None:
        super().__init__(consumer, **kwargs)
        accept_any_name()
        write_rows()
        self._options, self._gathering = options, Gathering()

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        """Faust's consumer, with what Faust has no setting for, before anything is fetched."""
        consumer = super()._create_worker_consumer(transport)
        consumer._key_deserializer = as_fetched
        consumer._isolation_level = self._options.isolation
        consumer._client_rack = self._options.client_rack
        consumer._fetch_max_wait_ms = int(self._options.fetch_wait_s * 1e3)
        self._login = Login(self._options, consumer._client)
        return consumer

    def _stopped_set(self) -> None:
        """mode asks the thread's loop for it. A thread that crashed may have closed that: nobody waits there then."""
        try:
            super()._stopped_set()
        except RuntimeError:
            self._stopped.set()

    async def on_start(self) -> None:
        """Start the consumer, whose fetches then wait for each other's events, and not for the event loop's turns."""
        await super().on_start()
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        gather_fetches(self._ensure_consumer()._fetcher, self._gathering)

    async def getmany(self, active_partitions: Collection[Any] | None, timeout: float) -> Mapping[Any, list[Any]]:
        """Poll. Who no longer waits for the answer ends the poll, which hands over nothing then."""
        return await done_there(self.thread_loop, lambda: self._poll(active_partitions, timeout))

    async def _poll(self, tps: Collection[Any] | None, timeout_s: float) -> Mapping[Any, list[Any]]:
        if not self.consumer.flow_active:  # a rebalance that began meanwhile waits for whoever polls
            return {}
        consumer = self._ensure_consumer()
        if consumer._closed or consumer._fetcher._closed:
            raise ConsumerStoppedError
        counted = contextlib.ExitStack()
        counted.enter_context(consumer._subscription.fetch_context())
        try:
            records = await polled(consumer, tps, timeout_s)
        finally:
            counted.close()  # by an error aiokafka would not count us out: a worker that hangs would pass for polling
        self._gathering.handed_over(sum(map(len, records.values())))
        return records

    async def put_offsets(self, offsets: Mapping[TP, int]) -> Mapping[TP, int]:
        """Commit; returns what was committed, which leaves out partitions that are no longer ours."""
        return await self._exchange(_commit, offsets)

    async def go_back(self, tps: Collection[TP]) -> None:
        """Seek to the committed offsets; a group that has not committed begins at the beginning."""
        await self._exchange(_seek_to_committed, tps)

    async def go_to_beginning(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        """Seek to the first records that are left, where the consumer still is at these positions; returns where."""
        return await self._exchange(_seek_to_beginning, positions)

    async def lags(self, tps: Collection[TP]) -> Mapping[TP, int]:
        """How many offsets lie between the end of each partition and the next one to be handed out.

        Kafka is asked something also when there are no partitions: whoever watches learns whether it answers.
        """
        return await self._exchange(_lags, tps)

    async def on_thread_stop(self) -> None:
        """Close the consumer; aiokafka lets the cancellation of its own fetch escape from there."""
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            if is_ours():
                raise
            await self._ensure_consumer()._client.close()

    async def _exchange(
        self, exchange: Callable[[AIOKafkaConsumer, _Argument], Awaitable[_Result]], argument: _Argument
    ) -> _Result:
        timeout_s = TIMEOUT_S + self._options.fetch_wait_s

        async def bounded() -> _Result:
            async with asyncio.timeout(timeout_s):
                consumer = self._ensure_consumer()
                self._login.refresh()  # exchanges come every few seconds, and open connections where there is none
                return await exchange(consumer, argument)

        async with asyncio.timeout(2 * timeout_s):  # a thread that has died answers nothing
            result: Any = await self.call_thread(bounded)
            return result  # type: ignore[no-any-return] # Faust types what comes back as Any


async def _commit(consumer: AIOKafkaConsumer, offsets: Mapping[TP, int]) -> Mapping[TP, int]:
    ours = consumer.assignment()
    offsets = {tp: offset for tp, offset in offsets.items() if tp in ours}
    if offsets:
        await consumer.commit({TopicPartition(*tp): offset for tp, offset in offsets.items()})
    return offsets


async def _seek_to_committed(consumer: AIOKafkaConsumer, tps: Collection[TP]) -> None:
    partitions = [TopicPartition(*tp) for tp in tps]
    committed = await asyncio.gather(*(consumer.committed(partition) for partition in partitions))
    offsets = dict(zip(partitions, committed, strict=True))
    for partition, offset in offsets.items():
        if offset is not None:
            consumer.seek(partition, offset)
    if fresh := [partition for partition, offset in offsets.items() if offset is None]:
        await consumer.seek_to_beginning(*fresh)


async def _seek_to_beginning(consumer: AIOKafkaConsumer, positions: Mapping[TP, int]) -> Mapping[TP, int]:
    ours = [tp for tp in positions if tp in consumer.assignment()]
    begins = await consumer.beginning_offsets([TopicPartition(*tp) for tp in ours])
    there = {TP(*tp): begin for tp, begin in begins.items() if await consumer.position(tp) == positions[TP(*tp)]}
    for tp, begin in there.items():
        consumer.seek(TopicPartition(*tp), begin)
    return there


async def _lags(consumer: AIOKafkaConsumer, tps: Collection[TP]) -> Mapping[TP, int]:
    if not tps:
        await consumer.topics()
    ends = await consumer.end_offsets([TopicPartition(*tp) for tp in tps])
    return {TP(*tp): max(0, end - await consumer.position(tp)) for tp, end in ends.items()}
