"""Erasure topic: who is to be forgotten, as Kafka holds it."""

from collections.abc import Mapping
from contextlib import aclosing

import structlog

from streams.errors import ContractMismatch, EventRefused
from streams.kafka.reader import TopicReader
from streams.records.erasures import Erasure

log = structlog.get_logger()


async def read_erasures(
    reader: TopicReader, topic: str, firsts: Mapping[int, int] | None = None
) -> tuple[list[Erasure], tuple[int, ...]]:
    """The topic's erasures from these offsets on (None: all), and where its partitions end now.

    A topic that is not there holds none and ends nowhere. Records that are no erasures are logged and left out.
    """
    try:
        seen = await reader.log(topic)
    except ContractMismatch:
        return [], ()
    begins = {number: (firsts or {}).get(number, 0) for number in range(seen.partitions)}
    behind = {number: first for number, first in begins.items() if first < seen.ends[number]}
    erasures: list[Erasure] = []
    if behind:
        async with aclosing(reader.scan(seen, behind)) as scan:
            async for _, records in scan:
                erasures += [each for record in records if (each := _erasure(record.key, record.value)) is not None]
    return erasures, seen.ends


def _erasure(key: bytes | None, value: bytes | None) -> Erasure | None:
    try:
        return Erasure.load(key, value)
    except EventRefused as error:
        log.warning("erasure.refused", error=str(error), remedy="write erasures by `penchant forget`")
        return None
