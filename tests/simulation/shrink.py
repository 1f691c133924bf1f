"""Shrink: leave out faults and appends for as long as the same invariant breaks."""

from dataclasses import replace

from tests.simulation.plan import SimulationPlan
from tests.simulation.run import Outcome, simulate
from tests.simulation.worker import Parts


def shrink(plan: SimulationPlan, parts: Parts) -> SimulationPlan:
    """A smaller plan that breaks the same invariant as this one; the same plan if none does."""
    name = _broken(simulate(plan, parts))
    if not name:
        return plan
    for fault in plan.faults:
        without = replace(plan, faults=[other for other in plan.faults if other is not fault])
        plan = without if _broken(simulate(without, parts)) == name else plan
    size = len(plan.appends) // 2
    while size:
        plan = _without_appends(plan, parts, size, name)
        size //= 2
    return plan


def _without_appends(plan: SimulationPlan, parts: Parts, size: int, name: str) -> SimulationPlan:
    first = 0
    while first < len(plan.appends):
        without = replace(plan, appends=plan.appends[:first] + plan.appends[first + size :])
        if _broken(simulate(without, parts)) == name:
            plan = without
        else:
            first += size
    return plan


def _broken(outcome: Outcome) -> str:
    """The name of the invariant that broke first."""
    return outcome.wrong[0].split(":")[0] if outcome.wrong else ""
