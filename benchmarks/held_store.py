"""A store that holds a session of every shopper and answers in the next turn: what is measured is the worker."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from benchmarks.load import Load
from penchant.offline.whatif.arrivals import Record
from storage.checkpoints import Context, Erased, Verdict, Write
from streams.events.decoding import Decoder
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold

EVENTS = 20
"""Of each stored session, at the offsets below it."""


class HeldStore:
    """CheckpointStore, OwedStore and Incarnation. What is written is not kept: nobody is loaded twice."""

    def __init__(self, partitions: int) -> None:
        self._partitions, self._session = partitions, dump(twenty_events())
        self._owed: defaultdict[int, set[str]] = defaultdict(set)

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        await asyncio.sleep(0)
        position = Position(0, EVENTS - 1)
        return [
            Context(shopper, position, int(shopper[-7:]) % self._partitions, "before:0", self._session)
            for shopper in shoppers
        ]

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        await asyncio.sleep(0)
        return [Verdict.ACCEPTED for _ in writes]

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None:
        await asyncio.sleep(0)
        self._owed[partition].update(shoppers)

    async def settle(self, partition: int, shoppers: Sequence[str]) -> None:
        await asyncio.sleep(0)
        self._owed[partition].difference_update(shoppers)

    async def owed(self, partition: int) -> list[str]:
        await asyncio.sleep(0)
        return list(self._owed[partition])

    async def incarnation(self) -> str:
        return "the only one"


def subjects() -> list[bytes]:
    """Ends of events' JSON: what they are about."""
    values = (each.value for each in Load(200, 1).records())
    return [value.partition(b'"time_ms":')[2].partition(b",")[2] for value in values]


def twenty_events() -> Session:
    """One shopper's session of the plain load."""
    session = Session()
    load = Load(EVENTS, 1)
    records = [Record(at, each.time_ms, each.key, each.value) for at, each in enumerate(load.records())]
    for offset, timestamp_ms, event in Decoder().decode(records).events:
        fold(session, event, offset, timestamp_ms, SessionRules())
    return session
