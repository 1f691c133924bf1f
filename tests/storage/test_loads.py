"""Loads that are asked for together: one round trip, and to each its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from storage.checkpoints import Context, Erased
from storage.loads import MOST, Loads
from streams.errors import StoreCorrupt, StoreUnavailable


class Slow:
    """Answers with the shoppers themselves, as contexts that are erased; `asked` are the sizes of its round trips."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.away = False
        self.go = asyncio.Event()
        self.go.set()

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        """All of them, or none."""
        self.asked.append(len(shoppers))
        await self.go.wait()
        if "torn" in shoppers:
            raise StoreCorrupt("torn", "no context")
        if self.away:
            raise StoreUnavailable("away")
        return [Erased(shopper, 1) for shopper in shoppers]


async def test_what_is_asked_for_together_is_one_round_trip() -> None:
    """Each gets what it asked for, in its order; the next turn is another round trip."""
    store = Slow()
    loads = Loads(store.load)
    found = await asyncio.gather(*(loads.load([f"{number}a", f"{number}b"]) for number in range(8)))
    assert store.asked == [16]
    for number, each in enumerate(found):
        assert each == [Erased(f"{number}a", 1), Erased(f"{number}b", 1)]
    assert await loads.load([]) == []
    assert await loads.load(["x"]) == [Erased("x", 1)]


async def test_a_round_trip_holds_no_more_than_it_may() -> None:
    """Nobody's list is cut."""
    store = Slow()
    loads = Loads(store.load)
    await asyncio.gather(*(loads.load(["x"] * (MOST // 2)) for _ in range(5)))
    assert store.asked == [MOST, MOST, MOST // 2]


async def test_all_hear_that_the_store_is_away() -> None:
    """And each may ask again."""
    store = Slow()
    store.away = True
    loads = Loads(store.load)
    found = await asyncio.gather(*(loads.load(["x"]) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [StoreUnavailable] * 3
    store.away = False
    assert await loads.load(["x"]) == [Erased("x", 1)]


async def test_who_cannot_be_read_fails_whoever_asked_for_them_alone() -> None:
    """It ends a worker that has an event of theirs, and none that was about to load others just then."""
    store = Slow()
    loads = Loads(store.load)
    found = await asyncio.gather(*(loads.load([who]) for who in ("x", "torn", "y")), return_exceptions=True)
    assert [found[0], found[2]] == [[Erased("x", 1)], [Erased("y", 1)]]
    assert isinstance(found[1], StoreCorrupt)


@pytest.mark.parametrize("turns", [1, 3])
async def test_who_is_cut_off_leaves_nobody_waiting(turns: int) -> None:
    """The first, who loads for the others, before or after it has begun; another only goes away itself."""
    store = Slow()
    store.go.clear()
    loads = Loads(store.load)
    leader, other, third = (asyncio.create_task(loads.load(["x"])) for _ in range(3))
    for _ in range(turns):
        await asyncio.sleep(0)
    third.cancel()
    leader.cancel()
    with pytest.raises(StoreUnavailable):
        await other
    assert {type(each) for each in await asyncio.gather(leader, third, return_exceptions=True)} == {
        asyncio.CancelledError
    }
    store.go.set()
    assert await loads.load(["x"]) == [Erased("x", 1)]
