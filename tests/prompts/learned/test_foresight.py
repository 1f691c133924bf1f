"""The rules foresee by a snapshot, back off to themselves, and are moved by bots no further than is promised."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from prompts.learned.counts import Totals
from prompts.learned.foresight import Foresight
from prompts.learned.snapshot import Snapshot, snapshot
from prompts.rules import rules
from streams.events.event import Item
from streams.records.intents import Findings
from streams.sessions.session import Session
from tests.prompts.learned.stream import START_MS, Visit, crowd, taught, totals
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, SHOES, THIRD_KETTLE, TOASTER, sessions, shopper

LOOKS = [("view", KETTLE), ("view", OTHER_KETTLE)]
EMPTY = snapshot(Totals(), START_MS)


def honest(days: int = 3) -> list[Visit]:
    """Days of a shop: most stay with kettles, some go on to toasters, few to shoes."""
    return [
        visit
        for day in range(days)
        for visit in (
            *crowd(f"stays-{day}", 150, [KETTLE, OTHER_KETTLE, THIRD_KETTLE], day),
            *crowd(f"toasts-{day}", 100, [KETTLE, TOASTER], day),
            *crowd(f"runs-{day}", 40, [KETTLE, SHOES], day),
            *crowd(f"leaves-{day}", 30, [KETTLE, OTHER_KETTLE, SHOES], day),
        )
    ]


def learned(visits: list[Visit]) -> Snapshot:
    """What they teach."""
    return snapshot(totals(taught(visits)), START_MS)


HONEST = learned(honest())


def names(found: Findings) -> tuple[list[str], list[str]]:
    """Its categories and brands, in their order."""
    return [each.name for each in found.categories], [each.name for each in found.brands]


@given(sessions())
def test_without_counts_the_rules_are_as_they_were(session: Session) -> None:
    """An empty snapshot changes no name and no range; a session without a category is as sure as its category."""
    plain, found = rules(session), rules(session, learned=Foresight(EMPTY))
    assert structs.replace(found, confidence=plain.confidence) == plain
    assert found.confidence == (plain.confidence if plain.categories else 0.0) or not found.categories


@given(sessions(), st.booleans())
def test_findings_hold_whatever_the_window(session: Session, again: bool) -> None:  # noqa: FBT001 # drawn
    """Shares are shares, largest first; what the window lacks is inferred; and the same session finds the same."""
    found = rules(session, learned=Foresight(HONEST))
    for some in (found.categories, found.brands):
        assert sum(each.weight for each in some) <= 1.01
        assert len({each.name for each in some}) == len(some) <= 5
    known = {name for entry in session.rows() if entry.item for name in (entry.item.category, entry.item.brand)}
    inferred = {name for some in names(found) for name in some} & {"home/kitchen/toasters", "Ridge"} - known
    assert inferred <= set(found.inferred)
    if again:
        assert rules(session, learned=Foresight(HONEST)) == found


def test_others_who_looked_here_went_there() -> None:
    """A category that the shopper has not seen follows the last one, and is marked as inferred."""
    found = rules(shopper(*LOOKS), learned=Foresight(HONEST))
    assert names(found)[0] == ["home/kitchen/kettles", "home/kitchen/toasters", "sport/shoes"]
    assert set(found.inferred) == {"home/kitchen/toasters", "sport/shoes", "Ridge"}
    assert 0.5 < found.confidence == found.categories[0].weight < 1


def test_a_shop_without_history_names_what_it_has() -> None:
    """The nearest of its products' categories, marked as inferred; the shopper's own stay in front, as sure as by the
    rules, and one of the window is not named again under another spelling."""
    shelf = ["home.kitchen.kettles", "home/kitchen/toasters", "home/garden", "sport/shoes", "sport/tents", "toys"]
    found = rules(shopper(*LOOKS), learned=Foresight(snapshot(Totals(), START_MS, shelf=shelf)))
    assert names(found)[0] == ["home/kitchen/kettles", "home/garden", "home/kitchen/toasters"]
    assert set(found.inferred) == {"home/garden", "home/kitchen/toasters"}
    assert found.confidence == rules(shopper(*LOOKS)).confidence
    assert sum(each.weight for each in found.categories) <= 1.01


@given(sessions(), st.lists(st.sampled_from(["home/kitchen/toasters", "sport/shoes", "a/b", "x"])))
def test_what_a_shop_has_takes_no_place_of_the_window(session: Session, shelf: list[str]) -> None:
    """Whatever both are: the same names before, shares are shares, and the leading one leads."""
    plain = rules(session)
    found = rules(session, learned=Foresight(snapshot(Totals(), START_MS, shelf=shelf)))
    own, all_names = names(plain)[0], names(found)[0]
    assert set(own) <= set(all_names) <= {*own, *shelf}
    assert own[:1] == all_names[:1]
    assert len(all_names) <= 5
    assert sum(each.weight for each in found.categories) <= 1.01
    assert (found.mission, found.price_band, found.evidence) == (plain.mission, plain.price_band, plain.evidence)


def test_a_category_that_nobody_went_on_to_can_be_named() -> None:
    """Where it is nearer to the shopper's than what others went on to; what others did keeps its place before it."""
    visits = honest()
    found = rules(shopper(*LOOKS), learned=Foresight(snapshot(totals(taught(visits)), START_MS, shelf=["home/rugs"])))
    assert names(found)[0] == ["home/kitchen/kettles", "home/kitchen/toasters", "sport/shoes", "home/rugs"]
    assert "home/rugs" in found.inferred


def test_the_band_learns_what_others_pay_next() -> None:
    """The range moves towards the prices that come next, in the shopper's currency."""
    dear = Item("sku-7", None, "home/kitchen/kettles", "Fernhill", 900.0, "EUR")
    visits = [visit for at in range(60) for visit in crowd(f"rich-{at}", 1, [KETTLE, dear])]
    plain = rules(shopper(*LOOKS)).price_band
    moved = rules(shopper(*LOOKS), learned=Foresight(learned(visits))).price_band
    assert plain is not None
    assert moved is not None
    assert plain.high < moved.high
    assert moved.currency == "EUR"


def test_a_thousand_ids_move_a_list_by_one_name() -> None:
    """A bot that plants five names after kettles in a day puts one of them into each list, and none before those that
    three days have borne out."""
    poison = [Item(f"sku-6{at}", None, f"home/kitchen/casino-{at}", f"Casino {at}", 75.0, "EUR") for at in range(5)]
    bots = [visit for number in range(1_000) for visit in crowd(f"bot-{number}", 1, [KETTLE, *poison], day=2)]
    before = rules(shopper(*LOOKS), learned=Foresight(HONEST))
    after = rules(shopper(*LOOKS), learned=Foresight(learned(honest() + bots)))
    for old, new in zip(names(before), names(after), strict=True):
        assert len(set(new) - set(old)) <= 1
        assert [name for name in new if name in old] == old[: len(new)]
        assert new[0] == old[0]


def test_a_bot_of_a_day_weighs_no_more_than_its_places() -> None:
    """What it plants after a category holds at most 256 of that row's weight."""
    bots = crowd("bot", 1_000, [KETTLE, SHOES], day=2)
    key = "home/kitchen/kettles"
    before = dict(HONEST.row("category_after", key))["sport/shoes"]
    after = dict(learned(honest() + bots).row("category_after", key))["sport/shoes"]
    assert before < after <= before + 256
