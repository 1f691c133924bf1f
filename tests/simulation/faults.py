"""Faults: what goes wrong in a run, and when. They are drawn before anything runs, so that they can be shrunk."""

import random
from dataclasses import dataclass

from tests.simulation.scale import COMMIT_LAG_S

KINDS = {
    "rebalance": 3,
    "crash": 3,
    "stop": 1,
    "freeze": 3,
    "isolate": 3,
    "store_down": 2,
    "store_cut": 2,
    "store_slow": 2,
    "store_lossy": 3,
    "fail_over": 4,
    "store_restart": 1,
    "erase": 4,
    "opt_out": 3,
    "lose_marker": 3,
    "model_away": 4,
    "model_overloaded": 1,
    "model_hanging": 1,
    "model_slow": 1,
    "letters_down": 2,
    "broker_lossy": 1,
    "write_then_crash": 1,
    "write_then_freeze": 1,
    "write_then_fail_over": 3,
    "write_then_store_down": 1,
    "owe_then_crash": 1,
    "owe_then_freeze": 1,
    "owe_then_fail_over": 3,
    "settle_then_crash": 1,
    "settle_then_freeze": 1,
}
"""How often each is drawn. `write_then_crash` waits for the next write, and crashes who wrote before the answer comes;
`owe` and `settle` are about owed marks."""


BESIDE = {
    "clock_step": 3,
    "expel": 3,
    "pause": 2,
    "freeze_writes": 2,
    "rules_only": 2,
    "replay": 3,
    "live_replay": 3,
    "node_down": 4,
    "node_fail_over": 6,
    "open_slot": 4,
}
"""What is drawn in half of the runs beside: a worker's clock is set, its group drops it, operators throw a switch, or
replay what the log holds, beside what is live or over it; and,
where the store has several nodes, one of them goes, or falls back alone, or a slot stands between two."""

RARE = ("roll_back", "retention")
"""What is drawn for itself: operators roll the experiment back, or a partition loses its beginning."""

NODES = frozenset({"node_down", "node_fail_over", "open_slot"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at a time, for a while, with one worker (where it is about one).

    `amount` is drawn from 0 to the commit lag: how much a fail-over loses, how slow a store is, who is erased.
    """

    at_s: float
    kind: str
    for_s: float
    worker: int = 0
    amount: float = 0.0

    def __str__(self) -> str:
        return f"{self.at_s:.2f} {self.kind} for {self.for_s:.2f} s, worker {self.worker}, {self.amount:.2f}"


def rollback(chance: random.Random, seconds: float) -> list[Fault]:
    """In half of the runs operators roll the experiment back."""
    return [Fault(chance.uniform(0.5, seconds), "roll_back", 0.0)] if chance.random() < 0.5 else []


def retention(chance: random.Random, seconds: float) -> list[Fault]:
    """In one run of twelve a partition loses its beginning, some of it before it is committed."""
    if chance.random() >= 1 / 12:
        return []
    place, share = chance.randrange(4), chance.choice([0.0, 0.2, 0.6, 1.0])
    return [Fault(chance.uniform(2.0, seconds), "retention", 0.0, place, share * COMMIT_LAG_S)]


def beside(chance: random.Random, workers: int, seconds: float, *, cluster: bool) -> list[Fault]:
    """Up to four more, in half of the runs."""
    kinds = [kind for kind in BESIDE if cluster or kind not in NODES]
    weights = [BESIDE[kind] for kind in kinds]
    count = chance.randint(1, 4) if chance.random() < 0.5 else 0
    return [
        Fault(
            chance.uniform(0.1, seconds),
            chance.choices(kinds, weights)[0],
            chance.choice([0.5, 1.0, 3.0]) * chance.uniform(0.5, 1.5),
            chance.randrange(workers),
            chance.uniform(0.0, COMMIT_LAG_S),
        )
        for _ in range(count)
    ]


def faults(chance: random.Random, workers: int, seconds: float) -> list[Fault]:
    """Up to nine faults, some of them close to each other: the bad ones come in company."""
    plan: list[Fault] = []
    kinds, weights = list(KINDS), list(KINDS.values())
    for _ in range(chance.randint(0, 9)):
        near = chance.choice(plan).at_s if plan and chance.random() < 0.5 else None
        at_s = near + chance.uniform(-0.2, 1.0) if near is not None else chance.uniform(0.1, seconds + 1.0)
        kind = chance.choices(kinds, weights)[0]
        plan.append(
            Fault(
                max(at_s, 0.05),
                kind,
                chance.choice([0.01, 0.1, 0.5, 1.0, 3.0, 6.0]) * chance.uniform(0.5, 1.5),
                chance.randrange(workers),
                chance.uniform(0.0, COMMIT_LAG_S),
            )
        )
    if chance.random() < 0.04:
        # All that Redis held is gone. Nothing may have been committed yet, or a replay is the only way back.
        plan.append(Fault(chance.uniform(0.3, COMMIT_LAG_S), "flush", 0.1))
    return sorted(plan, key=lambda fault: fault.at_s)
