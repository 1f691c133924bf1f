"""Source: the events of a file, in the place of the records of a topic."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from streams.events.decoding import Record, encode
from streams.events.event import ShopperEvent
from streams.events.recording import recording

CHUNK = 1_000


class Line(NamedTuple):
    """A line of a file, in the place of a record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


async def lines(path: Path, first: int = 0) -> AsyncIterator[tuple[int, Sequence[Record]]]:
    """A file's events as the records of one partition, from an offset on; bad rows are left out. SettingInvalid when
    the file is none that we can read."""
    events = await asyncio.to_thread(_events, path)
    for start in range(first, len(events), CHUNK):
        some = events[start : start + CHUNK]
        yield (
            0,
            [
                Line(start + at, event.time_ms, event.shopper_id.encode(), encode(event))
                for at, event in enumerate(some)
            ],
        )
        await asyncio.sleep(0)


def _events(path: Path) -> list[ShopperEvent]:
    return sorted((each for each in recording(path) if isinstance(each, ShopperEvent)), key=lambda event: event.time_ms)
