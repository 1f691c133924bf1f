"""Producer: simulated events into one Kafka topic; nothing waits for each, and a failure is told by the next."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from streams.kafka.errors import kafka_errors
from streams.kafka.options import KafkaOptions
from streams.kafka.producer import WITHIN_S, producing


class EventProducer:
    """Sends to the topic of events. At most a batch of 64 KiB a partition waits to be sent; `send` waits beyond that.

    Whatever Kafka does, no wait is much longer than `timeout_s`: then it is BrokerUnavailable. Entering the context
    connects (ContractMismatch when there is no such topic), leaving it sends what waits.
    """

    def __init__(self, options: KafkaOptions, topic: str, timeout_s: float = WITHIN_S) -> None:
        self._options, self._topic, self._timeout_s = options, topic, timeout_s
        self._failure: BaseException | None = None
        self._sent: set[asyncio.Future[object]] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            tuning = {"linger_ms": 5, "max_batch_size": 65_536}
            connecting = producing(self._options, self._timeout_s, idempotent=False, **tuning)
            self._producer = await stack.enter_async_context(connecting)
            await self._producer.partitions(self._topic)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def send(self, key: bytes | None, value: bytes) -> None:
        """Hand over one record; raises when an earlier one failed."""
        self._raise_failure()
        future = asyncio.ensure_future(await self._producer.put(self._topic, key, value))
        self._sent.add(future)
        future.add_done_callback(self._settle)

    async def flush(self) -> None:
        """Wait until the broker has everything; raises when something failed."""
        await self._producer.acknowledged(self._topic, list(self._sent))
        self._raise_failure()

    def _settle(self, future: asyncio.Future[object]) -> None:
        self._sent.discard(future)
        if not future.cancelled() and (error := future.exception()):
            self._failure = error

    def _raise_failure(self) -> None:
        with kafka_errors(self._options, self._topic):
            if self._failure:
                raise self._failure
