"""Parking: sessions are packed a few in a turn of the loop, however many are written at once."""

import asyncio
from collections.abc import Callable

import pytest

from agents.worker.backlog_rules import BacklogRules
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.parking import PACKED, PATIENCE, Parking
from agents.worker.shoppers import Shopper
from streams.records.intents import IntentRules
from streams.sessions.session import SessionRules
from tests.agents.desk import Desk, Gate, desk
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn


class CountedCheckpoints(Checkpoints):
    """Counts how many sessions were packed."""

    taken = 0

    def take(self, shopper: Shopper) -> Checkpoint:
        """As ever, and one more."""
        self.taken += 1
        return super().take(shopper)


def parking_of(
    at: Desk, pipeline: int, behind: Callable[[], bool] = lambda: False
) -> tuple[Parking, CountedCheckpoints]:
    """Parking at a desk, and what counts what it packs."""
    checkpoints = CountedCheckpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0)
    return Parking(at.backlog, at.store, at.store, checkpoints, pipeline, at.meter, behind), checkpoints


async def hold_the_commit(at: Desk, most: int, since_s: float = 0.0) -> None:
    """So many shoppers, from `shopper-1` on, have waited for their calls for too long."""
    for number in range(1, most + 1):
        at.view(f"shopper-{number}")
        shopper = at.shoppers[f"shopper-{number}"]
        assert shopper.owed is not None
        shopper.owed.ticket = at.partition.ledger.owe(number, shopper, since_s)
        at.partition.ledger.received(number)
    await asyncio.sleep(0.05)


async def test_heads_are_packed_a_few_a_turn() -> None:
    """All go to the store in one pipeline."""
    model = ScriptedModel(lambda _: Turn(("x",)), name="m")
    targets = BacklogRules(freshness_target_s=60.0, park_after_s=0.01)
    async with desk(model, Gate(model, 0), targets=targets) as at:
        park, checkpoints = parking_of(at, 4 * PACKED)
        await hold_the_commit(at, 4 * PACKED)
        parking, grown = asyncio.create_task(park.park_head_of_line(at.partition)), [0]
        while not parking.done():
            before = checkpoints.taken
            await asyncio.sleep(0)
            grown.append(checkpoints.taken - before)
        assert max(grown) == PACKED
        assert at.meter.parked == 4 * PACKED


async def test_who_asks_for_a_call_while_others_are_packed_is_left_to_the_calls() -> None:
    """Stored with the event that asked, without a mark, the call would be lost with this worker: whoever reads the
    event again finds it in the session."""
    model = ScriptedModel(lambda _: Turn(("x",)), name="m")
    async with desk(model, Gate(model, 0)) as at:
        park, checkpoints = parking_of(at, 2 * PACKED)
        for number in range(2 * PACKED):
            at.view(f"shopper-{number}", call=False)
        await asyncio.sleep(0.05)
        parking = asyncio.create_task(park.quiet())
        await asyncio.sleep(0)
        assert checkpoints.taken == PACKED
        asked = at.shoppers[f"shopper-{2 * PACKED - 1}"]
        at.view(asked.id)
        await parking
        assert await at.store.load([asked.id]) == [None]
        assert asked.owed is not None
        assert asked.owed.call
        assert at.meter.parked == 2 * PACKED - 1


async def test_who_was_erased_while_others_were_packed_leaves_no_mark() -> None:
    """Nor is anything of theirs sent to the store."""
    model = ScriptedModel(lambda _: Turn(("x",)), name="m")
    targets = BacklogRules(freshness_target_s=60.0, park_after_s=0.01)
    async with desk(model, Gate(model, 0), targets=targets) as at:
        park, checkpoints = parking_of(at, 2 * PACKED)
        await hold_the_commit(at, 2 * PACKED)
        parking = asyncio.create_task(park.park_head_of_line(at.partition))
        await asyncio.sleep(0)
        assert checkpoints.taken == PACKED
        at.shoppers["shopper-1"].end()
        await parking
        assert not [mark for mark in await at.store.owed(0) if mark.endswith(":shopper-1")]
        assert at.meter.parked == 2 * PACKED - 1


@pytest.mark.parametrize(
    ("behind", "times", "parked"), [(False, 1.0, 1), (True, 1.0, 0), (True, PATIENCE - 0.5, 0), (True, PATIENCE, 1)]
)
async def test_heads_are_parked_later_while_ingest_is_behind(behind: bool, times: float, parked: int) -> None:  # noqa: FBT001 (pytest gives it by name)
    """It has the time that they take; but they do not hold the commit for ever."""
    model, after_s = ScriptedModel(lambda _: Turn(("x",)), name="m"), 60.0
    async with desk(model, Gate(model, 0), targets=BacklogRules(park_after_s=after_s)) as at:
        park, _ = parking_of(at, 8, lambda: behind)
        await hold_the_commit(at, 1, asyncio.get_running_loop().time() - after_s * times)
        await park.park_head_of_line(at.partition)
        assert at.meter.parked == parked


async def test_many_offsets_are_not_held_any_longer_for_it() -> None:
    """A partition whose commit is too far behind would pause."""
    model = ScriptedModel(lambda _: Turn(("x",)), name="m")
    async with desk(model, Gate(model, 0), targets=BacklogRules(park_after_s=60.0, max_span=4)) as at:
        park, _ = parking_of(at, 8, lambda: True)
        await hold_the_commit(at, 4, asyncio.get_running_loop().time())
        await park.park_head_of_line(at.partition)
        assert at.meter.parked == 2


async def test_the_quiet_wait_while_ingest_is_behind() -> None:
    """They hold the commit as others do, and are parked with them."""
    model = ScriptedModel(lambda _: Turn(("x",)), name="m")
    behind = True
    async with desk(model, Gate(model, 0)) as at:
        park, _ = parking_of(at, 8, lambda: behind)
        at.view("shopper-1", call=False)
        await asyncio.sleep(0.05)
        await park.quiet()
        assert at.meter.parked == 0
        behind = False
        await park.quiet()
        assert at.meter.parked == 1
