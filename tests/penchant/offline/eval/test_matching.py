"""Choices and who foresees them."""

from dataclasses import replace

import pytest

from agents.match.messages import messages
from penchant.offline.eval.cases import shuffled
from penchant.offline.eval.choices import BESIDE, OTHERS, choices
from penchant.offline.eval.match_reasons import reason_rows
from penchant.offline.eval.matching import judged
from penchant.offline.eval.run import read
from penchant.offline.labels.pairs import parse_pairs
from streams.events.privacy import PrivacyRules
from tests.lacks import DATA, needs
from tests.penchant.offline.eval.test_cases import simulated

REES46 = "rees46_sample.csv"


def test_what_is_shown_at_a_choice_is_the_past() -> None:
    """Views and counts are the same when everything after the choice is deleted; twenty products, one of them new."""
    events = sorted(simulated(300), key=lambda event: event.time_ms)
    half = len(events) // 2
    for beside in BESIDE:
        _, whole = choices(events, beside, 1)
        _, first = choices(events[:half], beside, 1)
        assert whole
        for made, cut in zip(whole, first, strict=False):
            assert (made.view, made.visit) == (cut.view, cut.visit)
        for made in whole:
            assert len(set(made.candidates)) == OTHERS + 1
            assert not set(made.candidates) & set(made.view.products)


def test_the_same_seed_gives_the_same_report() -> None:
    """And the order in which the file has them means nothing."""
    events = [replace(event, time_ms=event.time_ms + at) for at, event in enumerate(simulated(200))]
    assert judged(events, 7) == judged(list(reversed(events)), 7)


def test_reasons_are_written_blind() -> None:
    """Each with what it rests on, and neither score, place nor what was opened; the same for the same seed."""
    events, english = simulated(200), messages("en")
    rows = reason_rows(events, 7, 5, english)
    assert rows == reason_rows(events, 7, 5, english)
    assert [each["pair"] for each in rows] == [f"match-{number}" for number in range(5)]
    for each in rows:
        assert set(each) - {"gold"} == {"pair", "shown", "product", "for", "against"}
        assert each["for"] or each["against"]
    assert len(parse_pairs(rows)) == 5
    assert reason_rows(events[:1], 7, 5, english) == []


def test_some_reasons_are_planted_and_known_to_be_wrong() -> None:
    """About a fifth: a price reason that is another product's, and so names a price, or a distance, that is not this
    one's."""
    rows = reason_rows(simulated(400), 3, 200, messages("en"))
    planted = [each for each in rows if each.get("gold") == "wrong"]
    assert 0.05 < len(planted) / len(rows) < 0.35
    for each in planted:
        [said] = [reason for reason in (*each["for"], *each["against"]) if reason.endswith("your range")]
        if "within" in said:
            assert each["product"].rpartition(", ")[2].split()[0] != said.split()[0]
    assert {each.gold for each in parse_pairs(rows).values()} == {"", "wrong"}


@needs(REES46)
@pytest.mark.slow
def test_steps_on_real_shoppers() -> None:
    """The last product surely beats popularity; an intent gains surely where others come from all of the shop, and not
    surely among its own categories: docs/tiers.md says so, and the default order does without it."""
    found = judged(read(DATA / REES46, PrivacyRules()), 1)
    sure = {beside: [step["ndcg_10"]["sure"] for step in each["steps"]] for beside, each in found.items()}
    assert sure == {"same": [True, False, False], "shop": [True, True, True]}


@needs(REES46)
@pytest.mark.slow
def test_on_shuffled_events_nobody_foresees_anything() -> None:
    """Where what is opened next is anybody's, each ranker is within a hundredth of chance, 0.227, or worse."""
    found = judged(shuffled(read(DATA / REES46, PrivacyRules()), 1), 1)["shop"]["rankers"]
    assert all(each["ndcg_10"]["value"] < 0.24 for each in found.values())
