"""Owed set: shoppers whose events are covered but whose call is still owed, kept in Redis for the next owner.

A mark names the position of the session that was stored without its intent. It goes only when an intent of that
position or a later one is stored: whoever still works for an epoch that has ended cannot remove a later one's mark.
"""

from collections.abc import Sequence

from agents.health.statistics import Meter
from agents.worker.boundary import Verb, judge
from agents.worker.shoppers import Shopper
from storage.checkpoints import OwedStore
from streams.cancellation import strays_as_faults
from streams.errors import StoreCorrupt
from streams.sessions.positions import Position


class OwedSet:
    """Makes and removes marks. What a shopper's marks are stands in `Shopper.marks`."""

    def __init__(self, store: OwedStore, meter: Meter) -> None:
        self._store, self._meter = store, meter

    async def make(self, number: int, owed: Sequence[tuple[Shopper, Position]]) -> None:
        """Mark shoppers of a partition; raises StoreUnavailable. Do so before their sessions are stored."""
        for shopper, position in owed:
            remember(shopper, position)
        if owed:
            await self._store.owe(number, [name(shopper.id, position) for shopper, position in owed])

    async def settle(self, number: int, intended: Sequence[tuple[Shopper, Position]]) -> None:
        """The intents of these positions are stored: remove the marks up to there."""
        await self._remove(
            number, [(shopper, [mark for mark in shopper.marks if mark <= position]) for shopper, position in intended]
        )

    async def outdate(self, number: int, marked: Sequence[tuple[Shopper, Position]]) -> None:
        """These marks stand, so that earlier ones say nothing more."""
        await self._remove(
            number, [(shopper, [mark for mark in shopper.marks if mark < position]) for shopper, position in marked]
        )

    async def _remove(self, number: int, marks: Sequence[tuple[Shopper, list[Position]]]) -> None:
        """As far as the store lets us; a mark that stays by mistake costs one call."""
        names = [name(shopper.id, mark) for shopper, gone in marks for mark in gone]
        if not names:
            return
        try:
            with strays_as_faults():
                await self._store.settle(number, names)
        except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
            self._meter.store_failures += judge(error, "marks", self._meter) is Verb.RETRY
            return
        for shopper, gone in marks:
            shopper.marks = tuple(mark for mark in shopper.marks if mark not in gone)


def remember(shopper: Shopper, position: Position) -> None:
    """Note a mark that is in the store, or soon will be."""
    if position not in shopper.marks:
        shopper.marks = (*shopper.marks, position)


def name(shopper_id: str, position: Position) -> str:
    """A mark as it stands in the store."""
    return f"{position}:{shopper_id}"


def read(number: int, marks: Sequence[str]) -> list[tuple[str, Position]]:
    """Shoppers and positions of a partition's marks. Raises StoreCorrupt."""
    try:
        return [_read(mark) for mark in marks]
    except ValueError as error:
        raise StoreCorrupt(f"owed:{{{number}}}", str(error)) from error


def _read(mark: str) -> tuple[str, Position]:
    lineage, offset, generation, shopper_id = mark.split(":", 3)
    return shopper_id, Position(int(lineage), int(offset), int(generation))
