"""Store: what Redis holds, in this process; what is asked of GPUs needs it to be there and to answer, no more."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from penchant.offline.whatif.arrivals import Arrival
from storage.checkpoints import Context, Erased, Verdict, Write
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold

ROUND_TRIP_S = 0.001


class Store:
    """CheckpointStore, OwedStore and Incarnation for one worker, who is always right."""

    def __init__(self) -> None:
        self._contexts: dict[str, Context] = {}
        self._owed: defaultdict[int, set[str]] = defaultdict(set)

    def fill(self, arrivals: Iterable[Arrival], rules: SessionRules) -> None:
        """As if a worker had stored the sessions of these events."""
        sessions: dict[str, Session] = {}
        for arrival in arrivals:
            session = sessions.setdefault(arrival.shopper, Session())
            fold(session, arrival.event, arrival.offset, arrival.event.time_ms, rules)
        for shopper, session in sessions.items():
            self._contexts[shopper] = Context(shopper, Position(0, session.folded, 0), 0, "before:0", dump(session))

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        await asyncio.sleep(ROUND_TRIP_S)
        return [self._contexts.get(shopper) for shopper in shoppers]

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        await asyncio.sleep(ROUND_TRIP_S)
        for write in writes:
            self._contexts[write.context.shopper] = write.context
        return [Verdict.ACCEPTED for _ in writes]

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None:
        await asyncio.sleep(ROUND_TRIP_S)
        self._owed[partition].update(shoppers)

    async def settle(self, partition: int, shoppers: Sequence[str]) -> None:
        await asyncio.sleep(ROUND_TRIP_S)
        self._owed[partition].difference_update(shoppers)

    async def owed(self, partition: int) -> list[str]:
        await asyncio.sleep(ROUND_TRIP_S)
        return sorted(self._owed[partition])

    async def incarnation(self) -> str:
        return "the only one"
