"""Parking: sessions are packed a few in a turn of the loop, however many are written at once."""

import asyncio

from agents.worker.backlog_rules import BacklogRules
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.parking import PACKED, Parking
from agents.worker.shoppers import Shopper
from storage.checkpoints import Context
from streams.records.intents import IntentRules
from streams.sessions.session import SessionRules
from tests.agents.desk import Gate, desk
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn


class CountedCheckpoints(Checkpoints):
    """Counts how many sessions were packed."""

    taken = 0

    def take(self, shopper: Shopper) -> Checkpoint:
        """As ever, and one more."""
        self.taken += 1
        return super().take(shopper)


async def test_heads_are_packed_a_few_a_turn() -> None:
    """All go to the store in one pipeline."""
    model = ScriptedModel(lambda _: Turn(("x",)), name="m")
    targets = BacklogRules(freshness_target_s=60.0, park_after_s=0.01)
    async with desk(model, Gate(model, 0), targets=targets) as at:
        checkpoints = CountedCheckpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0)
        park = Parking(at.backlog, at.store, at.store, checkpoints, 4 * PACKED, at.meter)
        for number in range(1, 4 * PACKED + 1):
            at.view(f"shopper-{number}")
            shopper = at.shoppers[f"shopper-{number}"]
            assert shopper.owed is not None
            shopper.owed.ticket = at.partition.ledger.owe(number, shopper, 0.0)
            at.partition.ledger.received(number)
        await asyncio.sleep(0.05)
        parking, grown = asyncio.create_task(park.park_head_of_line(at.partition)), [0]
        while not parking.done():
            before = checkpoints.taken
            await asyncio.sleep(0)
            grown.append(checkpoints.taken - before)
        assert max(grown) == PACKED
        assert at.meter.parked == 4 * PACKED


async def test_what_comes_while_others_are_packed_is_not_stored_as_owed_nothing() -> None:
    """An event that asks for a call must not stand in a context that says that none is owed: who reads it again after
    a crash would take it for served."""
    model = ScriptedModel(lambda _: Turn(("x",)), name="m")
    async with desk(model, Gate(model, 0)) as at:
        checkpoints = Checkpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0)
        park = Parking(at.backlog, at.store, at.store, checkpoints, 4 * PACKED, at.meter)
        names = [f"shopper-{number}" for number in range(2 * PACKED)]
        for name in names:
            at.view(name)
            owed = at.shoppers[name].owed
            assert owed is not None
            owed.call = False  # as after quiet events
        await asyncio.sleep(0.05)
        parking = asyncio.create_task(park.quiet())
        await asyncio.sleep(0)
        at.view(names[-1])
        await parking
        [context] = await at.store.load([names[-1]])
        assert not isinstance(context, Context) or context.owed or context.position.offset < at.offset
        assert at.meter.parked >= 2 * PACKED - 1
        latest = at.shoppers[names[-1]].owed
        assert latest is not None
        assert latest.call
