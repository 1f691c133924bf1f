"""Earlier: what a store holds of the lineage before, as a run begins."""

from zlib import crc32

from storage.checkpoints import Context, Write
from streams.events.event import Item, ShopperEvent
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, fold
from tests.simulation.plan import EPOCH_MS, SimulationPlan
from tests.simulation.store import Store
from tests.simulation.truth import Truth

FAR = 10_000
"""Offsets of the log before, beyond all that this one will have."""

EXPIRES_MS = EPOCH_MS + 10**9

DAMAGED = b"what no version of ours has packed"
"""Instead of every other session, where some are damaged: those shoppers begin anew."""


def store(into: Store, truth: Truth, plan: SimulationPlan) -> None:
    """Every other shopper was here shortly before the topic was made anew."""
    for number in range(0, plan.traffic_shape.shoppers, 2):
        shopper, session = f"s{number}", Session()
        for at in range(1 + number % 3):
            time_ms = EPOCH_MS - plan.traffic_shape.lag_ms - 3_000 + 100 * at
            event = ShopperEvent(f"earlier-{number}-{at}", shopper, "view", time_ms, (Item("i1", category="c1"),))
            fold(session, event, FAR + at, time_ms, truth.rules)
        is_damaged = plan.conditions.damaged and number % 4 == 0
        packed = DAMAGED if is_damaged else dump(session)
        if not is_damaged:
            truth.earlier[shopper] = packed
        partition = (crc32(shopper.encode()) + 1) % plan.traffic_shape.partitions  # there were others then
        position = Position(plan.conditions.lineage - 1, session.folded, 0)
        context = Context(shopper, position, partition, "before:1", packed)
        into.begins_with(Write(context, EXPIRES_MS))
