"""What answers can come to: the oracle is the best, a parrot is not believed, and a random picker is found out."""

import pytest

from penchant.offline.eval.bounds import bounds, ceiling
from penchant.offline.eval.cases import cases
from penchant.offline.eval.comparison import comparisons
from penchant.offline.eval.guesses import of_findings
from penchant.offline.eval.table import Table
from penchant.offline.learning import Folds
from prompts.library import DEFAULT_PROMPTS
from prompts.rules import rules
from prompts.vocabulary import DEFAULT_VOCABULARY
from tests.penchant.offline.eval.test_cases import simulated

EVENTS = simulated(6_000)
CUT = cases(EVENTS, 300, seed=1)
FOLDS = Folds(EVENTS, 5, support=5)
RULES = [rules(case.shown.view) for case in CUT.cases]
LEARNED = [rules(case.shown.view, learned=FOLDS.at(case.shopper, 0)) for case in CUT.cases]
MADE = bounds(CUT.cases, RULES, DEFAULT_PROMPTS.template("v2"), DEFAULT_VOCABULARY, seed=1)
MADE["oracle, learned"] = ceiling(CUT.cases, LEARNED, DEFAULT_PROMPTS.template("v2"), DEFAULT_VOCABULARY)
SAID = {"rules": RULES, "learned": LEARNED} | {name: each.findings for name, each in MADE.items()}
SCORES = Table(CUT, 1).scores({name: list(map(of_findings, found)) for name, found in SAID.items()})
VERDICTS = {(each["predictor"], each["against"], each["measure"]): each["verdict"] for each in comparisons(SCORES)}
MEASURES = sorted({measure for _, _, measure in VERDICTS})


@pytest.mark.parametrize("measure", MEASURES)
def test_the_oracle_is_surely_better_than_the_rules(measure: str) -> None:
    """On every measure: an answer may move whatever is scored. The window's three first categories are always the
    rules' three, so for those it takes names that others taught."""
    oracle, against = ("oracle, learned", "learned") if measure == "switch_hit_3" else ("oracle", "rules")
    assert VERDICTS[oracle, against, measure] == "better"


def test_nothing_of_a_parrot_is_kept() -> None:
    """Its answers are refused, so that the rules stand in everywhere."""
    assert MADE["parrot"].kept_share == 0.0
    assert MADE["parrot"].findings == RULES


def test_a_random_answerer_is_caught_as_a_whole() -> None:
    """Single answers name what the window has, and stand; all together they are surely worse than the rules."""
    assert MADE["random"].kept_share > 0.9
    for measure in ("brand_hit", "brand_hit_3", "band_score", "purchase_log_loss", "purchase_auc"):
        assert VERDICTS["random", "rules", measure] == "worse"


def test_without_cases_or_examples_there_is_nothing_to_divide() -> None:
    """No case, no share."""
    assert bounds((), (), DEFAULT_PROMPTS.template("v2"), DEFAULT_VOCABULARY, 1)["oracle"].kept_share == 0.0
