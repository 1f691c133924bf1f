"""Producer: records into one Kafka topic, each acknowledged by all replicas, and Kafka's errors as ours."""

import asyncio
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from penchant.kafka.options import kafka_errors, kafka_options
from penchant.settings.kafka import Kafka

RETRY_S = 0.5


class EventProducer:
    """Sends to the topic of events. At most a batch of 64 KiB a partition waits to be sent; `send` waits beyond that.

    Whatever Kafka does, no wait is much longer than `timeout_s`: then it is BrokerUnavailable. Entering the context
    connects (ContractMismatch when there is no such topic), leaving it sends what waits.
    """

    def __init__(self, kafka: Kafka, timeout_s: float = 10.0) -> None:
        self._kafka, self._timeout_s = kafka, timeout_s
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            **kafka_options(self._kafka),
            acks="all",
            linger_ms=5,
            max_batch_size=65_536,
            request_timeout_ms=int(self._timeout_s * 1_000),
        )
        try:
            with kafka_errors(self._kafka):
                await _connect(self._producer, self._timeout_s)
                await self._producer.partitions_for(self._kafka.topic)
        except BaseException:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, key: bytes | None, value: bytes) -> None:
        """Hand over one record; raises when an earlier one failed."""
        with kafka_errors(self._kafka):
            self._raise_failure()
            future = await self._producer.send(self._kafka.topic, key=key, value=value)
        future.add_done_callback(self._settle)

    async def flush(self) -> None:
        """Wait until the broker has everything; raises when something failed."""
        with kafka_errors(self._kafka):
            await self._producer.flush()
            self._raise_failure()

    def _settle(self, future: asyncio.Future[object]) -> None:
        if not future.cancelled() and (error := future.exception()):
            self._failure = error

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure


async def _connect(producer: AIOKafkaProducer, within_s: float) -> None:
    """Connect; a broker that is just starting is given time."""
    deadline_s = asyncio.get_running_loop().time() + within_s
    while True:
        try:
            await producer.start()
        except KafkaConnectionError:
            if asyncio.get_running_loop().time() + RETRY_S > deadline_s:
                raise
        else:
            return
        await asyncio.sleep(RETRY_S)
