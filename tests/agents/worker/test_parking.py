"""Parking: sessions are packed a few in a turn of the loop, however many are written at once."""

import asyncio

from agents.worker.backlog_rules import BacklogRules
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.parking import PACKED, Parking
from agents.worker.shoppers import Shopper
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
