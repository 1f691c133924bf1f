"""Batch transport: Faust's way to Kafka, with our consumer."""

from collections.abc import Awaitable, Callable, Collection

from faust.app.base import App
from faust.transport.drivers import aiokafka as driver

from streams.kafka.batches import TP, Offsets
from streams.kafka.options import KafkaOptions
from streams.kafka.transport import BatchConsumer


class BatchTransport(driver.Transport):
    """Faust's Kafka transport, with a consumer that batches `topics` and commits what `offsets` says.

    `drain`, when given, is awaited before partitions go: it finishes what is nearly done, within a bound of its own.
    """

    Consumer = BatchConsumer

    def __init__(
        self,
        app: App,
        topics: Collection[str],
        offsets: Offsets,
        options: KafkaOptions,
        drain: Callable[[Collection[TP]], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(app.conf.broker_consumer, app)
        self.topics, self.offsets, self.drain = frozenset(topics), offsets, drain
        self.options = options
