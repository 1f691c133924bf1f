"""Fewer: what a fresh intent costs when calls go to as few of four GPUs as answer within a budget.

python -m benchmarks.goodput.fewer 11.24 2.5

The first number is a load of 1 in events a second, the second `routing.call_budget_s`; a third one is for how many
seconds the number of GPUs settles before anything is measured, 190 without it. It plays loads of 1 and 5 with
three seeds, each with all GPUs at work and with the budget, and prints a row each. `of_one_call` is the cost of a fresh
intent over that of one call an event at a load of 1, same seed, in the bench's own span: in a longer one it falls over.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks.goodput.plan import GoodputPlan
from benchmarks.goodput.trial import Span, run
from penchant.process.logs import configure_logs

LOADS, SEEDS = (1.0, 5.0), (1, 2, 3)
WARM_S = 190.0
"""In which the number settles: one fewer in half a minute, and what was too small is taken back."""

COST = "gpu_s_per_fresh_intent"


def rows(rate: float, budget_s: float, warm_s: float = WARM_S) -> Iterator[dict[str, Any]]:
    """All that is played."""
    for seed in SEEDS:
        plan = replace(GoodputPlan(), span=Span(warm_s=warm_s))
        one_call = run(GoodputPlan().trial("per event", rate, seed=seed))[COST]
        for load in LOADS:
            for call_budget_s in (0.0, budget_s):
                trial = replace(plan.trial("penchant", load * rate, seed=seed), call_budget_s=call_budget_s)
                told = run(trial)
                played = {"load": load, "seed": seed, "call_budget_s": call_budget_s}
                yield played | {"of_one_call": told[COST] / one_call} | told


if __name__ == "__main__":
    configure_logs("error")
    for row in rows(*map(float, sys.argv[1:])):
        print(json.dumps(row), flush=True)
