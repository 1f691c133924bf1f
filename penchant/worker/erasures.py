"""Erasure topic: read from its beginning by every worker, and written by `penchant forget`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from agents.worker.erasures import Erasures
from penchant.kafka.reader import TopicReader
from penchant.settings.kafka import Kafka
from streams.errors import BrokerUnavailable, ContractMismatch, EventRefused, StoreUnavailable
from streams.records.erasures import Erasure

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
        try:
            seen = await self._reader.log(self._topic)
        except ContractMismatch:
            return
        firsts = {number: self._firsts.get(number, 0) for number, end in enumerate(seen.ends) if end}
        behind = {number: first for number, first in firsts.items() if first < seen.ends[number]}
        if not behind:
            return
        found: list[Erasure] = []
        async for _, records in self._reader.scan(seen, behind):
            found += [each for record in records if (each := _read(record.key, record.value)) is not None]
        await self._erasures.take(found, sum(seen.ends))
        self._firsts = dict(enumerate(seen.ends))

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
    async with TopicReader(kafka, committed=True) as reader:
        watch = ErasureWatch(reader, kafka.erasure_topic, erasures)
        await watch.catch_up()
        yield watch


def _read(key: bytes | None, value: bytes | None) -> Erasure | None:
    try:
        return Erasure.load(key, value)
    except EventRefused as error:
        log.warning("erasure.refused", error=str(error), remedy="write erasures by `penchant forget`")
        return None
