"""Erasure topic: read from its beginning by every worker, and written by `penchant forget`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from agents.worker.erasures import Erasures
from penchant.settings.kafka import Kafka
from streams.errors import BrokerUnavailable, StoreUnavailable
from streams.kafka.erasure_topic import read_erasures
from streams.kafka.reader import TopicReader

LOOK_S = 1.0
"""How often a worker looks for new erasures."""

log = structlog.get_logger()


class ErasureWatch:
    """Follows the topic by looking at its ends, in no group. A topic that is not there holds no erasures."""

    def __init__(self, reader: TopicReader, topic: str, erasures: Erasures) -> None:
        self._reader, self._topic, self._erasures = reader, topic, erasures
        self._firsts: dict[int, int] = {}

    async def catch_up(self) -> None:
        """Take all there is. Raises BrokerUnavailable or StoreUnavailable; nothing is skipped then."""
        erasures, ends = await read_erasures(self._reader, self._topic, self._firsts)
        if erasures or sum(ends) > sum(self._firsts.values()):
            await self._erasures.take(erasures, sum(ends))
            self._firsts = dict(enumerate(ends))

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.catch_up()
            except (BrokerUnavailable, StoreUnavailable) as error:
                log.debug("erasures.unknown", error=str(error))


@asynccontextmanager
async def erasure_watch(kafka: Kafka, erasures: Erasures) -> AsyncIterator[ErasureWatch]:
    """A watch that knows all erasures from before."""
    async with TopicReader(kafka.options.committed()) as reader:
        watch = ErasureWatch(reader, kafka.erasure_topic, erasures)
        await watch.catch_up()
        yield watch
