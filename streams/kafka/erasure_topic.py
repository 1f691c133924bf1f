"""Erasure topic: who is to be forgotten, as Kafka holds it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import structlog

from streams.errors import EventRefused, TopicMissing
from streams.kafka.reader import TopicReader
from streams.records.erasures import Erasure
from streams.records.lineage import Log
from streams.records.watermark import Watermark

log = structlog.get_logger()


class ErasureReader:
    """Reads the topic in no group. One that is not there holds no erasures."""

    def __init__(self, reader: TopicReader, topic: str) -> None:
        self._reader, self._topic = reader, topic

    async def end(self) -> Watermark:
        """How far it goes now. Raises BrokerUnavailable, and ContractMismatch where rights hide it."""
        try:
            seen = await self._reader.log(self._topic)
        except TopicMissing:
            return Watermark()
        return Watermark(seen.topic_id or "", seen.ends)

    async def between(self, first: Watermark, end: Watermark) -> AsyncIterator[Sequence[Erasure]]:
        """What stands from the one to the other, some at a time. Raises BrokerUnavailable.

        Records that are no erasures are logged and left out.
        """
        firsts = end.missing(first)
        if not firsts:
            return
        async with aclosing(self._reader.scan(Log(self._topic, end.topic or None, end.offsets), firsts)) as scan:
            async for _, records in scan:
                yield [each for record in records if (each := _erasure(record.key, record.value)) is not None]


def _erasure(key: bytes | None, value: bytes | None) -> Erasure | None:
    try:
        return Erasure.load(key, value)
    except EventRefused as error:
        log.warning("erasure.refused", error=str(error), remedy="write erasures by `penchant forget`")
        return None
