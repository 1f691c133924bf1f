"""Rules find, without a model, what a careful reader of the events would."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from prompts.reading import read
from prompts.render import PromptRenderer
from prompts.rules import rules
from prompts.view import PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.events.event import Item
from streams.records.intents import Findings, PriceBand
from streams.sessions.session import Session
from tests.prompts.shoppers import (
    HOSTILE,
    KETTLE,
    OTHER_KETTLE,
    SHOES,
    THIRD_KETTLE,
    TOASTER,
    folded,
    sessions,
    shopper,
)


def view(*items: Item) -> list[tuple[str, Item]]:
    """Looks at some items."""
    return [("view", item) for item in items]


def test_recent_lines_weigh_more() -> None:
    """The category looked at last leads over one looked at as often before."""
    found = rules(shopper(*view(SHOES, SHOES, SHOES, KETTLE, OTHER_KETTLE, KETTLE)))
    assert [each.name for each in found.categories] == ["home/kitchen/kettles", "sport/shoes"]
    assert found.categories[0].weight > 0.5
    assert sum(each.weight for each in found.categories) == pytest.approx(1, abs=0.01)


def test_a_cart_weighs_more_than_a_look() -> None:
    """What is put in the cart says more than what is looked at."""
    found = rules(shopper(("cart_add", SHOES), *view(KETTLE, OTHER_KETTLE)))
    assert found.categories[0].name == "sport/shoes"


def test_a_taste_of_earlier_counts_a_little() -> None:
    """Closed sessions and dropped lines tip the scales between equals, and name nothing themselves."""
    equal = [*view(KETTLE, TOASTER)]
    history = folded([("view", [item], None, 1_000) for item in (KETTLE, KETTLE, SHOES)])
    folded([(action, [item], None, 3_600_000 * (at == 0)) for at, (action, item) in enumerate(equal)], history)
    without, found = rules(shopper(*equal)), rules(history)
    weight = {each.name: each.weight for each in found.categories}
    assert set(weight) == {each.name for each in without.categories}
    assert weight["home/kitchen/kettles"] > next(
        each.weight for each in without.categories if each.name == "home/kitchen/kettles"
    )


def test_the_price_band_is_that_of_the_leading_category() -> None:
    """Prices of what leads, wider while there are few; a stray price elsewhere changes nothing."""
    found = rules(shopper(*view(SHOES, KETTLE, OTHER_KETTLE, THIRD_KETTLE)))
    assert found.price_band == PriceBand(low=39.01, high=136.89, currency="EUR")
    often = rules(shopper(*view(SHOES, *[KETTLE, OTHER_KETTLE, THIRD_KETTLE] * 5))).price_band
    assert often is not None
    assert found.price_band.low < often.low < often.high < found.price_band.high
    assert rules(shopper(*view(Item("sku-9", price=0)))).price_band is None


def test_only_one_currency_makes_a_band() -> None:
    """Prices in different money are never mixed."""
    dollars = Item("sku-8", category=KETTLE.category, price=5_000, currency="USD")
    found = rules(shopper(*view(KETTLE, dollars, OTHER_KETTLE)))
    assert found.price_band is not None
    assert (found.price_band.currency, found.price_band.high) == ("EUR", 148.66)


@pytest.mark.parametrize(
    ("events", "stage"),
    [
        ([], "explore"),
        ([("search", "kettle")], "explore"),
        (view(KETTLE), "explore"),
        (view(KETTLE, SHOES), "explore"),
        (view(KETTLE, OTHER_KETTLE), "compare"),
        (view(KETTLE, OTHER_KETTLE, KETTLE), "decide"),
        (view(KETTLE, KETTLE, KETTLE), "decide"),
        ([*view(KETTLE), ("wishlist_add", KETTLE)], "decide"),
        ([*view(KETTLE), ("cart_add", KETTLE), *view(SHOES, TOASTER)], "cart"),
        ([*view(KETTLE), ("cart_add", KETTLE), ("cart_remove", KETTLE)], "explore"),
        ([("cart_add", KETTLE), ("checkout", None), ("purchase", KETTLE)], "purchase"),
        ([("cart_add", KETTLE), ("cart_add", SHOES), ("purchase", None)], "purchase"),
        ([("cart_add", KETTLE), ("purchase", None), *view(SHOES, TOASTER, SHOES, TOASTER)], "decide"),
        ([("purchase", KETTLE), ("search", "shoes"), *view(SHOES)], "explore"),
        ([*view(KETTLE, OTHER_KETTLE), ("list_view", SHOES)], "compare"),
    ],
)
def test_stage(events: list[Any], stage: str) -> None:
    """The stage is that of what the shopper does last, and a full cart holds."""
    assert rules(shopper(*events)).stage == stage


@given(sessions())
def test_next_action_is_a_distribution(session: Session) -> None:
    """Probabilities that sum to 1, whatever the session."""
    assert sum(structs.astuple(rules(session).next_action)) == pytest.approx(1, abs=0.01)


def test_next_action_follows_stage_and_habit() -> None:
    """With a full cart a purchase is likelier than before it, and who searches much will search again."""
    looks = view(KETTLE, OTHER_KETTLE)
    before, after = rules(shopper(*looks)), rules(shopper(*looks, ("cart_add", KETTLE)))
    assert after.next_action.purchase > 3 * before.next_action.purchase
    keen = rules(shopper(*[("search", "kettle")] * 10, *looks))
    assert keen.next_action.search > 2 * before.next_action.search


def test_avoid() -> None:
    """Removed, returned, and shown twice in vain; what was taken back is wanted again."""
    session = shopper(
        ("list_view", THIRD_KETTLE), ("list_view", SHOES), ("list_view", THIRD_KETTLE), ("list_view", KETTLE),
        ("cart_add", KETTLE), ("cart_remove", KETTLE), ("cart_add", OTHER_KETTLE), ("cart_remove", OTHER_KETTLE),
        ("cart_add", OTHER_KETTLE), ("refund", TOASTER), ("list_view", KETTLE),
    )  # fmt: skip
    assert [(each.value, each.reason) for each in rules(session).avoid] == [
        ("sku-1", "removed"),
        ("sku-4", "returned"),
        ("sku-3", "seen-not-clicked"),
    ]


@pytest.mark.parametrize(
    ("events", "label"),
    [
        ([("search", "gift for dad"), *view(KETTLE)], "gift"),
        ([("search", "christmas kettle")], "seasonal"),
        ([("search", "wedding shoes"), *view(SHOES)], "occasion"),
        ([("search", "kettle cheap")], "bargain-hunt"),
        ([("search", "kettle spare lid")], "replace-or-repair"),
        ([("cart_add", KETTLE), ("cart_add", SHOES)], "restock"),
        ([*view(KETTLE), ("cart_add", KETTLE), *view(TOASTER, TOASTER)], "complete-a-set"),
        (view(KETTLE, OTHER_KETTLE), "research"),
        (view(KETTLE, SHOES, TOASTER), "just-looking"),
        (view(KETTLE), "other"),
        ([], "other"),
    ],
)
def test_mission(events: list[Any], label: str) -> None:
    """What is said in a search comes first, then the shape of what was looked at."""
    assert rules(shopper(*events)).mission.label == label
    assert rules(shopper(*events), DEFAULT_VOCABULARY.offering(())).mission.label == "other"


def test_a_label_of_ones_own_is_known_by_its_words() -> None:
    """A configured mission that the rules have never heard of holds when each of its words was said."""
    session = shopper(("search", "camping kettle"), *view(KETTLE))
    assert rules(session, DEFAULT_VOCABULARY.offering(("---", "camping-kitchen"))).mission.label == "camping-kitchen"
    compares = shopper(("search", "camping kettle"), *view(KETTLE, OTHER_KETTLE))
    more = DEFAULT_VOCABULARY.offering((*DEFAULT_VOCABULARY.labels, "camping-kitchen"))
    assert rules(compares, more).mission.label == "camping-kitchen"
    assert rules(session, DEFAULT_VOCABULARY.offering(("camping-trip",))).mission.label == "other"


def test_signals() -> None:
    """Searches and carts show urgency, gift and season; an ordinary look shows none."""
    assert not any(rules(shopper(*view(KETTLE))).signals.values())
    said = rules(shopper(("search", "christmas gift express"))).signals
    assert min(said.values()) > 0.5
    assert 0 < rules(shopper(("cart_add", KETTLE))).signals["urgency"] < said["urgency"]


def test_confidence_grows_with_what_there_is_to_go_by() -> None:
    """Nothing known, no confidence; much of one kind, much."""
    amounts = (0, 1, 2, 5)
    sure = [rules(shopper(*view(*[KETTLE, OTHER_KETTLE] * amount))).confidence for amount in amounts]
    assert sure == sorted(set(sure))
    assert sure[0] == 0
    scattered = rules(shopper(*view(*[KETTLE, SHOES, TOASTER] * 10))).confidence
    assert scattered < sure[-1]


def test_evidence_is_what_weighs_most() -> None:
    """The search and the strongest lines of the leading category, in the order of the log."""
    session = shopper(("search", "kettle"), *view(SHOES), ("cart_add", KETTLE), *view(*[OTHER_KETTLE] * 5))
    assert rules(session).evidence == ("event-0", "event-2", "event-5", "event-6", "event-7")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_titles_move_nothing(hostile: str) -> None:
    """Sellers write titles: the rules find the same whatever stands in them."""
    evil = Item("sku-1", hostile + " gift christmas today sale", KETTLE.category, KETTLE.brand, KETTLE.price, "EUR")
    events = [("list_view", OTHER_KETTLE), *view(OTHER_KETTLE)]
    assert rules(shopper(*events, *view(evil, evil))) == rules(shopper(*events, *view(KETTLE, KETTLE)))


@given(sessions())
def test_rules_on_a_session_and_on_its_prompt_agree(session: Session) -> None:
    """The prompt shows all that the rules go by; only ids differ, and the text that no id is part of does not."""
    renderer = PromptRenderer("v1")
    seen, shown = renderer.view(session), read(renderer.render(session).text)
    assert renamed(rules(shown), seen, PromptView.of(shown)) == rules(seen)


@given(sessions())
def test_findings_are_valid_and_name_only_the_window(session: Session) -> None:
    """Every session has findings; their names, items and events are all from its window."""
    found, seen = rules(session), PromptView.of(session)
    assert Findings.load(found.dump()).dump() == found.dump()
    assert {each.name for each in found.categories} <= set(seen.categories)
    assert {each.name for each in found.brands} <= set(seen.brands)
    assert {each.value for each in found.avoid} <= set(seen.products)
    assert set(found.evidence) <= {entry.event_id for entry in seen.entries}
    assert found == rules(session)


@given(st.lists(st.sampled_from([KETTLE, SHOES]), min_size=1, max_size=9))
def test_text_names_the_leading_category(items: list[Item]) -> None:
    """The sentence is about what leads."""
    found = rules(shopper(*view(*items)))
    assert found.categories[0].name.rpartition("/")[2] in found.mission.text


def renamed(found: Findings, seen: PromptView, shown: PromptView) -> Findings:
    """Findings on what a prompt shows, with the ids that the session has."""
    items = dict(zip(shown.products, seen.products, strict=True))
    events = {there.event_id: here.event_id for here, there in zip(seen.entries, shown.entries, strict=True)}
    avoid = [structs.replace(each, value=items[each.value]) for each in found.avoid]
    evidence = tuple(dict.fromkeys(events[event_id] for event_id in found.evidence))
    return structs.replace(found, avoid=tuple(avoid), evidence=evidence)
