"""Real shoppers: where the rules foresee more than trivial rules do. The whole report is in docs/eval.md."""

import pytest

from penchant.offline.eval.bounds import bounds, ceiling
from penchant.offline.eval.cases import cases
from penchant.offline.eval.comparison import comparisons
from penchant.offline.eval.guesses import TRIVIAL, of_findings
from penchant.offline.eval.run import read
from penchant.offline.eval.table import Table
from penchant.offline.learning import Folds
from prompts.library import DEFAULT_PROMPTS
from prompts.rules import rules
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.events.privacy import PrivacyRules
from tests.lacks import DATA, needs

REES46 = "rees46_sample.csv"

WON = {
    ("purchase_auc", "last"), ("purchase_auc", "everyone"), ("brand_hit", "most"), ("brand_hit", "everyone"),
    ("band_score", "last"), ("band_score", "everyone"), ("switch_rank", "last"),
}  # fmt: skip
LOST = {("switch_rank", "most"), ("switch_rank", "everyone"), ("brand_hit", "last")}


@needs(REES46)
def test_the_rules_beat_trivial_rules_on_real_shoppers() -> None:
    """By purchases, brands, prices and switches; and they lose where the page says so, and nowhere else."""
    cut = cases(read(DATA / REES46, PrivacyRules()), 2_000, 1)
    guesses = {name: [guess(case.shown) for case in cut.cases] for name, guess in TRIVIAL.items()}
    guesses["rules"] = [of_findings(rules(case.shown.view)) for case in cut.cases]
    verdicts = {
        (each["measure"], each["against"]): each["verdict"] for each in comparisons(Table(cut, 1).scores(guesses))
    }
    assert {pair for pair, verdict in verdicts.items() if verdict == "better"} >= WON
    assert {pair for pair, verdict in verdicts.items() if verdict == "worse"} <= LOST


SURE = ("switch_hit_3", "switch_rank", "category_hit", "brand_hit", "brand_hit_3", "band_score", "confidence_brier",
        "confidence_ece")  # fmt: skip


@needs(REES46)
@pytest.mark.slow
def test_what_others_teach_beats_the_rules_on_real_shoppers() -> None:
    """In five folds by shopper, with twenty shoppers behind each name: surely better on all but purchases, which are
    left to the rules; and at switches surely better than everyone's commonest, too."""
    events = read(DATA / REES46, PrivacyRules())
    cut, folds = cases(events, 2_000, 1), Folds(events, 5)
    findings = {
        "rules": [rules(case.shown.view) for case in cut.cases],
        "learned": [rules(case.shown.view, learned=folds.at(case.shopper, 0)) for case in cut.cases],
    }
    guesses = {"everyone": [TRIVIAL["everyone"](case.shown) for case in cut.cases]}
    guesses |= {name: [of_findings(each) for each in found] for name, found in findings.items()}
    scores = Table(cut, 1).scores(guesses)
    verdicts = {(each["measure"], each["against"]): each["verdict"] for each in comparisons(scores)
                if each["predictor"] == "learned"}  # fmt: skip
    assert {measure for measure in SURE if verdicts[measure, "rules"] != "better"} == set()
    assert verdicts["switch_hit_3", "everyone"] == "better"
    assert scores["learned"]["switch_hit_3"].value >= 0.20
    assert scores["learned"]["band_score"].value <= 4.9
    assert scores["learned"]["purchase_auc"].value == scores["rules"]["purchase_auc"].value


@needs(REES46)
@pytest.mark.slow
def test_an_oracle_gains_on_every_measure_and_a_parrot_on_none() -> None:
    """So there is no measure on which a model's answer cannot matter. A random answerer gains on one alone: the rules
    put the latest category first, and who comes back comes back to another."""
    events = read(DATA / REES46, PrivacyRules())
    cut, folds, v4 = cases(events, 2_000, 1), Folds(events, 5), DEFAULT_PROMPTS.template("v4")
    ours = [rules(case.shown.view) for case in cut.cases]
    learned = [rules(case.shown.view, learned=folds.at(case.shopper, 0)) for case in cut.cases]
    made = bounds(cut.cases, ours, v4, DEFAULT_VOCABULARY, 1)
    made["oracle, learned"] = ceiling(cut.cases, learned, v4, DEFAULT_VOCABULARY)
    findings = {"rules": ours, "learned": learned} | {name: each.findings for name, each in made.items()}
    scores = Table(cut, 1).scores({name: list(map(of_findings, found)) for name, found in findings.items()})
    verdicts = {(each["predictor"], each["against"], each["measure"]): each["verdict"] for each in comparisons(scores)}
    measures = {measure for *_, measure in verdicts}

    def won(name: str, against: str) -> set[str]:
        return {measure for measure in measures if verdicts[name, against, measure] == "better"}

    assert won("oracle, learned", "learned") == won("oracle, learned", "rules") == measures
    assert won("oracle", "rules") == measures - {"switch_hit_3"}
    assert won("parrot", "rules") == set()
    assert won("random", "rules") <= {"switch_rank"}
    assert made["parrot"].kept_share == 0
