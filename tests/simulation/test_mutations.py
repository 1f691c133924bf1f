"""Mutations: each rule of the core, broken on purpose, is missed by an invariant within a few seeds."""

import pytest

from tests.simulation.campaign import Catch, catch, cores, table
from tests.simulation.mutations import MUTATIONS, remembered
from tests.simulation.plan import draw
from tests.simulation.run import simulate

SEEDS = 2_000
"""How many seeds a broken rule may survive. Most are caught by the first few."""

STILL = 0.9
"""The share of the mutations that remembered seeds must catch: a change of the core makes other schedules of them."""

NAMES = list(MUTATIONS)
RENEW = "python -m tests.simulation --mutations --remember"


def test_remembered_seeds_still_catch_what_they_caught() -> None:
    """Of all mutations nine in ten, each with the one seed that is remembered for it."""
    seeds = remembered()
    missed = [
        name for name in NAMES if name not in seeds or not simulate(draw(seeds[name]), MUTATIONS[name].parts).wrong
    ]
    assert len(missed) <= (1 - STILL) * len(NAMES), f"renew the seeds ({RENEW}): they miss {missed}"


@pytest.fixture(scope="module")
def catches(request: pytest.FixtureRequest) -> dict[str, Catch]:
    """Every mutation, simulated until it is caught."""
    with cores() as pool:
        found = list(pool.map(catch, NAMES, [SEEDS] * len(NAMES)))
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line("")
        for line in table(found):
            reporter.write_line(line)
    return {one.mutation: one for one in found}


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", NAMES)
def test_a_broken_rule_is_noticed(name: str, catches: dict[str, Catch]) -> None:
    """The simulation fails when the worker does this."""
    assert catches[name].wrong, f"{SEEDS} seeds and nobody noticed"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_invariant_notices_something(catches: dict[str, Catch]) -> None:
    """Nearly no invariant is there for show: each is the first to notice some mutation in some schedule. What the first
    seed of a mutation breaks is a matter of chance, so two mutations are looked at in two hundred seeds.

    `heaps` notices none: schedules of ten seconds are too short for it. What it holds is broken on purpose in
    tests/agents/worker/test_backlog.py."""
    noticed = {one.wrong.split(":")[0] for one in catches.values()}
    for name in ("lets the last write win", "tells the store of no erasure"):
        outcomes = (simulate(draw(seed), MUTATIONS[name].parts) for seed in range(200))
        noticed |= {outcome.wrong[0].split(":")[0] for outcome in outcomes if outcome.wrong}
    expected = {"commit", "call", "letter", "position", "fold", "calls", "bounds", "head", "death", "settled"}
    expected |= {"erased", "first", "writes", "expired", "revived", "alive", "switch", "rewinds", "stop", "arm"}
    expected |= {"shadow", "retention", "rekey", "learned", "packed"}
    assert noticed >= expected
