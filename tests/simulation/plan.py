"""Plan: everything that a seed decides beforehand. A run is a function of its plan."""

import random
from dataclasses import dataclass, replace

from tests.simulation import faults, scale, traffic
from tests.simulation.conditions import Conditions, batched, conditions, with_aborted, with_odd, with_other_keys
from tests.simulation.faults import Fault
from tests.simulation.scale import Scale
from tests.simulation.traffic import Append, TrafficShape

EPOCH_MS = 1_700_000_000_000
"""The wall clock at the beginning."""


SECRETIVE = 16
"""One seed in so many has products that nobody is to be judged by."""


REKEYED = 1 / 12
"""The share of seeds whose events come through a rekey, where their records hold one event each."""


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What comes, what goes wrong and when; `fickle` is the share of calls that fail anyway, `skews_ms` how far the
    workers' clocks are off; `pooled`: calls go through the real limiter and router."""

    seed: int
    workers: int
    traffic_shape: TrafficShape
    scale: Scale
    appends: list[Append]
    faults: list[Fault]
    fickle: float
    skews_ms: list[int]
    pooled: bool
    conditions: Conditions

    @property
    def heal_s(self) -> float:
        """When the faults end."""
        return max([self.traffic_shape.seconds, *(fault.at_s + fault.for_s for fault in self.faults)]) + 0.1


def draw(seed: int) -> SimulationPlan:
    """The plan of a seed."""
    chance = random.Random(seed)
    workers = chance.choice([1, 2, 2, 3])
    traffic_shape = traffic.traffic_shape(chance)
    appends = traffic.traffic(traffic_shape, chance, EPOCH_MS)
    if chance.random() < 0.04:
        appends += traffic.burst(traffic_shape, chance, chance.uniform(1.0, traffic_shape.seconds))
        appends.sort(key=lambda append: append.at_s)
    if seed % SECRETIVE == SECRETIVE - 1:
        appends = traffic.with_secrets(appends)
    plan = faults.faults(chance, workers, traffic_shape.seconds)
    plan, given = _beside(seed, workers, traffic_shape.seconds, plan)
    if given.odd:
        appends = with_odd(appends, random.Random(f"{seed}:odd"))
    if given.batches:
        appends = batched(appends, random.Random(f"{seed}:batches"))
    if given.miskeyed:
        appends = with_other_keys(appends, random.Random(f"{seed}:miskeyed"), traffic_shape.partitions)
    if given.aborted:
        appends = with_aborted(appends, random.Random(f"{seed}:aborted"))
    rekeyed = random.Random(f"{seed}:rekeyed").random() < REKEYED and seed % SECRETIVE != SECRETIVE - 1
    given = replace(given, rekeyed=rekeyed and not given.batches)
    skews = [chance.choice([0, -1_000, 1_000]) for _ in range(workers)]
    return SimulationPlan(
        seed,
        workers,
        traffic_shape,
        scale.draw(chance),
        appends,
        plan,
        chance.choice([0.0, 0.1]),
        skews,
        chance.random() < 0.5,
        given,
    )


def _beside(seed: int, workers: int, seconds: float, plan: list[Fault]) -> tuple[list[Fault], Conditions]:
    """The conditions, and the faults that need them. They have chances of their own, so that what else is drawn for a
    seed does not depend on them."""
    given = conditions(random.Random(f"{seed}:conditions"), flushed=any(fault.kind == "flush" for fault in plan))
    more = faults.beside(random.Random(f"{seed}:beside"), workers, seconds, cluster=given.nodes > 1)
    if given.tried:
        more += faults.rollback(random.Random(f"{seed}:rollback"), seconds)
    if not given.earlier and all(fault.kind != "flush" for fault in plan):
        more += faults.retention(random.Random(f"{seed}:retention"), seconds)
    return sorted([*plan, *more], key=lambda fault: fault.at_s), given
