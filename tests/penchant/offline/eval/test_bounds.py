"""What answers can come to: the oracle is the best, a parrot is not believed, and a random picker is found out."""

from penchant.offline.eval.bounds import bounds
from penchant.offline.eval.cases import cases
from penchant.offline.eval.guesses import of_findings
from penchant.offline.eval.measures import MEASURES
from penchant.offline.eval.table import Table, difference
from prompts.library import DEFAULT_PROMPTS
from prompts.rules import rules
from prompts.vocabulary import DEFAULT_VOCABULARY
from tests.penchant.offline.eval.test_cases import simulated

CUT = cases(simulated(6_000), 300, seed=1)
RULES = [rules(case.shown.view) for case in CUT.cases]
MADE = bounds(CUT.cases, RULES, DEFAULT_PROMPTS.template("v2"), DEFAULT_VOCABULARY, seed=1)
SCORES = Table(CUT, 1).scores(
    {
        "rules": list(map(of_findings, RULES)),
        **{name: list(map(of_findings, each.findings)) for name, each in MADE.items()},
    }
)


def surely(name: str, against: str, measure: str) -> tuple[bool, bool]:
    """Whether one is better, and worse, by 95 % intervals."""
    better = MEASURES[measure].better
    _, (low, high) = difference(SCORES[name][measure], SCORES[against][measure], better)
    return low > 0, high < 0


def test_the_oracle_is_surely_better_than_the_rules() -> None:
    """Where an answer may say what comes: the category at switches, and the brand."""
    assert surely("oracle", "rules", "switch_rank") == (True, False)
    assert surely("oracle", "rules", "brand_hit") == (True, False)
    assert MADE["oracle"].kept_share > 0.9


def test_nothing_of_a_parrot_is_kept() -> None:
    """Its answers are refused, so that the rules stand in everywhere."""
    assert MADE["parrot"].kept_share == 0.0
    assert MADE["parrot"].findings == RULES


def test_a_random_answerer_is_caught_as_a_whole() -> None:
    """Single answers name what the window has, and stand; all together they are surely worse than the rules."""
    assert MADE["random"].kept_share > 0.9
    assert surely("random", "rules", "brand_hit_3") == (False, True)


def test_without_cases_or_examples_there_is_nothing_to_divide() -> None:
    """No case, no share."""
    assert bounds((), (), DEFAULT_PROMPTS.template("v2"), DEFAULT_VOCABULARY, 1)["oracle"].kept_share == 0.0
