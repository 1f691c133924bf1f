"""The simulation: thousands of failure schedules, and what must hold in each of them."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.campaign import Report, campaign, cores, simulated
from tests.simulation.command import replay
from tests.simulation.faults import BESIDE, KINDS, RARE
from tests.simulation.mutations import MUTATIONS
from tests.simulation.plan import draw
from tests.simulation.run import simulate
from tests.simulation.shrink import shrink
from tests.simulation.worker import Parts

FEW, SEEDS = 120, 2_000
"""How many seeds `make test` simulates, and how many `make test-slow`."""

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report() -> Report:
    """All seeds, simulated once."""
    total = Report()
    with cores() as pool:
        for part in campaign(pool, range(SEEDS)):
            total.add(part)
    return total


def test_every_invariant_holds_for_a_few_seeds() -> None:
    """Whatever goes wrong meanwhile: nothing is lost, nothing is wrong, and in the end everything is settled."""
    _nothing_wrong(simulated(list(range(FEW))), FEW)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_every_invariant_holds_for_every_seed(report: Report) -> None:
    """The same for many."""
    _nothing_wrong(report, SEEDS)


def _nothing_wrong(report: Report, seeds: int) -> None:
    failures = [f"{wrong}\n  replay it: {replay(seed)}" for seed, wrong in report.wrong.items()]
    assert report.seeds == seeds
    assert not failures, "\n".join(failures)


@pytest.mark.slow
def test_the_seeds_meet_every_kind_of_trouble(report: Report) -> None:
    """Every fault happens, every verdict is given, and the core goes down every one of its ways."""
    ways = {
        "accepted", "covered", "stale", "erased", "repeated", "duplicates", "late", "dead_letters", "answers_refused",
        "call_failures", "rules_intents", "parked", "dropped", "store_failures", "stale_writes", "limit", "flush",
    }  # fmt: skip
    ways |= KINDS.keys() | BESIDE.keys() | set(RARE)
    missed = {name for name in ways if report.seen[name] < SEEDS / 200}
    assert not missed


def _digest(seed: int) -> str:
    trace = simulate(draw(seed), trace=True).trace
    return hashlib.sha256("\n".join(trace).encode()).hexdigest()


def test_a_seed_replays_exactly() -> None:
    """In another process, with other hashes of strings, a seed does the same, line by line."""
    code = "from tests.simulation.test_simulation import _digest; print(*map(_digest, range(3)))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for salt in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].split()) == 3


def test_a_failure_shrinks_to_what_it_needs() -> None:
    """Fewer faults and fewer events break the same invariant."""
    parts = MUTATIONS["folds duplicates"].parts
    plan = next(plan for plan in map(draw, range(50)) if plan.faults and simulate(plan, parts).wrong)
    smaller = shrink(plan, parts)
    assert simulate(smaller, parts).wrong
    assert not smaller.faults
    assert len(smaller.appends) <= 3
    assert not simulate(smaller, Parts()).wrong


def test_a_trace_tells_what_happened() -> None:
    """Appends, calls, writes and commits stand in it, each with its time and who did it."""
    trace = "\n".join(simulate(draw(2), trace=True).trace)
    for said in ("  log ", " model ", " store ", " broker ", "takes 0/", "commits ", "all faults have ended"):
        assert said in trace
