"""Training: the same shoppers give the same trees, and `eval` scores them on shoppers whom they have not seen."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from penchant.offline.eval.cases import cases
from penchant.offline.eval.comparison import comparisons
from penchant.offline.eval.guesses import of_findings
from penchant.offline.eval.run import read
from penchant.offline.eval.table import Table
from penchant.offline.learning import Folds, foresights
from penchant.offline.training import train
from prompts.learned.predictor import Predictor, load, name_of
from prompts.rules import rules
from streams.errors import SettingInvalid
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.events.privacy import PrivacyRules
from tests.lacks import DATA, needs
from tests.penchant.commands import run
from tests.prompts.learned.trees import SHOP, events, predictor_file

REES46 = "rees46_sample.csv"
EVENTS = events(SHOP)


def trained(shoppers: Sequence[ShopperEvent]) -> Predictor:
    """A predictor of them."""
    return load(train(shoppers))


def test_the_same_shoppers_give_the_same_trees() -> None:
    """To the byte, so that a digest says what was learned from."""
    assert name_of(train(list(reversed(EVENTS)))) == name_of(predictor_file())


def test_too_few_shoppers_train_no_trees() -> None:
    """It is said of what there is too little."""
    with pytest.raises(SettingInvalid, match="longer recording"):
        train(EVENTS[: len(EVENTS) // 2])


def test_trees_need_a_snapshot_or_folds() -> None:
    """Of the shoppers that they learned from they would know too much."""
    with pytest.raises(SettingInvalid, match="--learned"):
        foresights(None, 0, 20, Path("trees.json"))
    with pytest.raises(SettingInvalid, match="--folds"):
        foresights(None, 0, 20, None, trained)


@pytest.mark.slow
async def test_learn_and_eval_as_people_call_them(tmp_path: Path) -> None:
    """Trees are written beside the snapshot, and the report of an eval names them and has their column."""
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, EVENTS)))
    learns = ("learn", "--events", "events.jsonl", "--out", "learned.json", "--predictor", "trees.json", "--json")
    ended = await run(tmp_path, {}, *learns)
    assert ended.status == 0, ended.err
    assert name_of((tmp_path / "trees.json").read_bytes()) == name_of(predictor_file())
    judged = ("eval", "--events", "events.jsonl", "--learned", "learned.json", "--predictor", "trees.json", "--json")
    scored = await run(tmp_path, {}, *judged, "--sessions", "20")
    assert scored.status == 0, scored.err
    assert scored.report["learned"]["predictor"] == ended.report["predictor"]
    assert scored.report["scores"]["predicted"]


@needs(REES46)
@pytest.mark.slow
def test_trees_foresee_more_than_counts_on_real_shoppers() -> None:
    """In three folds by shopper: surely better than the rules wherever the counts are, and by prices surely better than
    the counts; purchases stay the rules'. docs/eval.md has five folds."""
    shoppers = read(DATA / REES46, PrivacyRules())
    cut, folds = cases(shoppers, 2_000, 1), Folds(shoppers, 3, train=trained)
    known = [(case.shown.view, folds.at(case.shopper, 0)) for case in cut.cases]
    findings = {
        "rules": [rules(view) for view, _ in known],
        "learned": [rules(view, learned=each.by_counts) for view, each in known],
        "predicted": [rules(view, learned=each) for view, each in known],
    }
    scores = Table(cut, 1).scores({name: list(map(of_findings, found)) for name, found in findings.items()})
    verdicts = {(each["measure"], each["against"]): each["verdict"] for each in comparisons(scores)
                if each["predictor"] == "predicted"}  # fmt: skip
    sure = {"switch_hit_3", "switch_rank", "category_hit", "brand_hit_3", "band_score", "confidence_brier"}
    assert {measure for measure in sure if verdicts[measure, "rules"] != "better"} == set()
    assert verdicts["band_score", "learned"] == "better"
    assert scores["predicted"]["band_score"].value <= 4.4
    assert scores["predicted"]["switch_hit_3"].value >= 0.20
    assert scores["predicted"]["purchase_auc"].value == scores["rules"]["purchase_auc"].value
