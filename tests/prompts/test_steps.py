"""What an answer says of stage, price and next action moves the rules', by a bounded step, if it has a ground."""

import pytest
from msgspec import structs

from prompts.answer import Answer
from prompts.grounding import Grounded, ground
from prompts.rules import rules
from prompts.steps import level, next_action, stage
from streams.events.event import Item
from streams.records.intents import Findings, NextAction, Stage
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, shopper

SESSION = shopper(("search", "kettle"), ("view", KETTLE), ("view", OTHER_KETTLE))  # 89 and 60 EUR
RULE: Findings = rules(SESSION)
BAND = RULE.price_band


def grounded(**said: object) -> Grounded:
    """What comes of an answer that names its evidence."""
    return ground(Answer.model_validate({"evidence": (1,), **said}), SESSION, RULE)


@pytest.mark.parametrize(
    ("said", "rule", "moved", "removed"),
    [
        ("decide", "compare", "decide", []),
        ("decide", "explore", "compare", []),
        ("explore", "compare", "explore", []),
        (None, "compare", "compare", []),
        ("decide", "cart", "cart", []),
        ("explore", "purchase", "purchase", []),
        ("purchase", "compare", "compare", ["stage"]),
        ("buy now!", "compare", "compare", ["stage"]),
    ],
)
def test_a_stage_moves_by_one_step(said: str | None, rule: Stage, moved: Stage, removed: list[str]) -> None:
    """Where it is a judgement. A cart and a purchase are in the log: no answer makes or undoes them."""
    told: list[str] = []
    assert (stage(said, rule, told), told) == (moved, removed)


def test_a_band_moves_to_what_is_said() -> None:
    """Each end to half or double at the most."""
    assert BAND is not None
    found = grounded(price=(60, 90)).findings.price_band
    assert found is not None
    assert (found.low, found.high, found.currency) == (60, 90, "EUR")
    for highest in (9_000, 10**400):  # a model that cannot stop writes a number that no double holds
        wide = grounded(price=(1, highest)).findings.price_band
        assert wide is not None
        assert (wide.low, wide.high) == (round(BAND.low / 2, 2), round(BAND.high * 2, 2))


def test_a_band_that_says_the_same_changes_nothing() -> None:
    """Whole units are coarser than what code counts."""
    assert BAND is not None
    assert grounded(price=(round(BAND.low), round(BAND.high))).findings.price_band == BAND


@pytest.mark.parametrize("said", [(300, 600), (1, 20), (90, 60), (61, 88), (60,), (), (60, 80, 90)])
def test_a_band_without_a_price_of_the_window_is_about_another_shopper(said: tuple[int, ...]) -> None:
    """So is what a parrot repeats of its example, mostly."""
    result = grounded(price=said)
    assert (result.findings.price_band, result.removed) == (BAND, ("band",))


def test_a_price_in_cents_is_in_the_range_of_its_unit() -> None:
    """A range is told in whole units: 1 to 1 holds 1.49."""
    session = shopper(("view", Item("milk", price=1.49, currency="EUR")))
    assert ground(Answer(price=(1, 1), evidence=(1,)), session, rules(session)).removed == ()


def test_where_the_window_has_no_price_there_is_no_band_to_move() -> None:
    """The model knows no price that the window has not."""
    session = shopper(("search", "kettle"))
    result = ground(Answer(price=(50, 90), evidence=(1,)), session, rules(session))
    assert (result.findings.price_band, result.removed) == (None, ("band",))


def test_a_chance_moves_to_half_or_double() -> None:
    """And all of them sum to one again; those that are not named keep their proportions."""
    rule, told = NextAction(view=0.6, search=0.1, cart=0.1, purchase=0.02, leave=0.18), list[str]()
    found = next_action({"purchase": 10, "view": 0}, rule, told)
    assert found.purchase / found.cart == pytest.approx(2 * 0.02 / 0.1, abs=0.01)
    assert found.view / found.cart == pytest.approx(3, abs=0.05)
    assert sum(structs.astuple(found)) == pytest.approx(1, abs=0.005)
    assert told == []
    assert next_action({"view": 6, "purchase": 0}, rule, told) == next_action(None, rule, told) == rule


def test_what_is_no_action_or_no_level_is_told() -> None:
    """It is cut or passed over, and counted."""
    told: list[str] = []
    assert next_action({"steal": 9}, RULE.next_action, told) == RULE.next_action
    assert level(11, "next", told) == 10
    assert told == ["next", "next"]


def test_a_doubt_is_believed_and_certainty_by_a_step() -> None:
    """A text that talks a model out of its confidence takes weight from an intent; none can give it any."""
    assert grounded(confidence=0).findings.confidence == 0
    assert grounded(confidence=10).findings.confidence == min(round(RULE.confidence + 0.2, 3), 1)
