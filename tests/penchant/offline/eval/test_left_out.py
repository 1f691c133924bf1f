"""Calls that are left out: what stands meanwhile, and what it scores."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from penchant.offline.eval.cases import cases
from penchant.offline.eval.left_out import HELD, standing
from penchant.offline.eval.run import run
from penchant.offline.eval.scoring import EvalPlan
from prompts.rules import rules
from tests.penchant.offline.eval.test_cases import simulated
from tests.penchant.offline.eval.test_run import Quiet

PLAN = EvalPlan(Path("simulated"), sessions=8)


@pytest.mark.parametrize("for_s", [0.0, 15.0, 1e6])
def test_an_answer_stands_while_the_rules_say_the_same(for_s: float) -> None:
    """Never beyond its visit or its time; and the rules' own hot fields stay what they were."""
    cuts = cases(simulated(), 25, 1).cases
    found = [rules(case.shown.view) for case in cuts]
    numbered = [structs.replace(each, evidence=(str(number),)) for number, each in enumerate(found)]
    stands = standing(cuts, found, numbered, for_s)
    for at, each in enumerate(stands.findings):
        asked = int(each.evidence[0])
        assert asked <= at
        assert cuts[asked].visit == cuts[at].visit
        assert at == asked or cuts[at].shown.view.to_ms < cuts[asked].shown.view.to_ms + for_s * 1e3
        assert found[asked].stage == found[at].stage
    left_out = sum(each.evidence != (str(at),) for at, each in enumerate(stands.findings))
    assert stands.share == pytest.approx(left_out / len(cuts), abs=1e-3)
    assert bool(left_out) == bool(for_s)


async def test_the_report_has_a_column_beside_each_predictor() -> None:
    """Held against the one that is asked each time; without the option there is none."""
    few = simulated(150)
    outcome = await run(replace(PLAN, unchanged_for_s=1e6), few, (), None, Quiet())
    assert outcome.report["left_out"]["shares"]["rules"] > 0.1
    held = HELD.format("rules")
    pairs = {(each["predictor"], each["against"]) for each in outcome.report["comparisons"]}
    assert (held, "rules") in pairs
    plain = await run(PLAN, few, (), None, Quiet())
    assert held not in plain.report["scores"]
    assert plain.report["scores"]["rules"] == outcome.report["scores"]["rules"]
