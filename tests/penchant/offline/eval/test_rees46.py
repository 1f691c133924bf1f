"""Real shoppers: where the rules foresee more than trivial rules do. The whole report is in docs/eval.md."""

from penchant.offline.eval.cases import cases
from penchant.offline.eval.comparison import comparisons
from penchant.offline.eval.guesses import TRIVIAL, of_findings
from penchant.offline.eval.run import read
from penchant.offline.eval.table import Table
from prompts.rules import rules
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
