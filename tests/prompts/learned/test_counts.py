"""Nobody teaches alone: what a shopper, or a thousand ids of one, adds to the counts."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.learned.counts import PLACES, Day, Totals
from prompts.learned.lessons import Lesson
from tests.prompts.learned.stream import START_MS, Visit, crowd, taught, totals
from tests.prompts.shoppers import KETTLE, SHOES, THIRD_KETTLE, TOASTER

PAIR = Lesson("category_after", "home/kitchen/kettles", "sport/shoes")
lesson = st.builds(
    Lesson,
    st.sampled_from(["categories", "brand_after", "stays", "price_step"]),
    st.sampled_from(["", "home"]),
    st.sampled_from(["a", "b", "c"]),
)
taughts = st.lists(st.tuples(st.sampled_from([f"shopper-{number}" for number in range(40)]), st.lists(lesson)))


def day(said: list[tuple[str, list[Lesson]]]) -> Day:
    """A day that was taught so."""
    made = Day(1)
    for shopper, lessons in said:
        made.teach(shopper, lessons)
    return made


@given(taughts)
def test_to_count_again_changes_nothing(said: list[tuple[str, list[Lesson]]]) -> None:
    """A refold of the same events, in whole or in part, leaves the counts as they are."""
    once = day(said)
    assert day(said + said[: len(said) // 2]).pairs == once.pairs == day(said * 2).pairs
    before = dict(once.pairs)
    once.merge(day(said))
    assert once.pairs == before


@given(taughts)
def test_a_shopper_adds_at_most_one_to_a_pair(said: list[tuple[str, list[Lesson]]]) -> None:
    """However often it teaches; and a figure has no more lessons than shoppers."""
    made = day(said)
    teachers: dict[Lesson, set[str]] = {}
    for shopper, lessons in said:
        for each in lessons:
            teachers.setdefault(each, set()).add(shopper)
    assert all(places.bit_count() <= len(teachers[pair]) for pair, places in made.pairs.items())


@given(taughts, taughts)
def test_names_do_not_depend_on_the_order_of_partitions(
    one: list[tuple[str, list[Lesson]]], other: list[tuple[str, list[Lesson]]]
) -> None:
    """Merged one way or the other, each name has the same places; each figure as many at the most as shoppers."""
    left, right = day(one), day(other)
    left.merge(day(other))
    right.merge(day(one))
    named = [{pair: at for pair, at in made.pairs.items() if pair.table in {"categories", "brand_after"}}
             for made in (left, right)]  # fmt: skip
    assert named[0] == named[1]


def test_a_pair_gains_no_more_than_its_places() -> None:
    """Ten thousand ids in a day weigh 256, whoever they are."""
    made = taught(crowd("bot", 10_000, [KETTLE, SHOES]))
    (only,) = made.values()
    assert only.pairs[PAIR].bit_count() == PLACES


def test_counts_fade_and_go() -> None:
    """Half the weight after fourteen days; in the end nothing."""
    first = totals(taught(crowd("shopper", 40, [KETTLE, SHOES])))
    later = first.after(Day(first.day + 14))
    assert later.pairs[PAIR].weight == pytest.approx(first.pairs[PAIR].weight / 2)
    assert later.after(Day(later.day + 200)).pairs == {}


def test_a_day_is_counted_once() -> None:
    """A day that is closed is not taken in again."""
    first = totals(taught(crowd("shopper", 3, [KETTLE, SHOES])))
    with pytest.raises(ValueError, match="counted already"):
        first.after(Day(first.day))


def test_a_full_day_turns_new_pairs_away() -> None:
    """It goes on counting those that it has, says how many it turned away, and makes room of what one alone taught."""
    made = Day(1, most=4)
    for number in range(8):
        made.teach(f"shopper-{number}", [PAIR, Lesson("brand_in", "", f"brand-{number}")])
    assert len(made.pairs) == 4
    assert made.turned_away == 5
    assert made.pairs[PAIR].bit_count() > 1
    made.thin()
    assert set(made.pairs) == {PAIR}


def test_figures_keep_their_shares_in_a_crowd() -> None:
    """Of thousands, one in ten switches: places that fill up do not make it one in two."""
    dice = random.Random(7)
    visits: list[Visit] = [
        (f"shopper-{number}", START_MS, [KETTLE, TOASTER if dice.random() < 0.1 else THIRD_KETTLE])
        for number in range(5_000)
    ]
    (made,) = taught(visits).values()
    stays, switches = (made.pairs[Lesson("stays", "0", name)].bit_count() for name in ("stay", "switch"))
    assert stays + switches <= PLACES
    assert switches / (stays + switches) == pytest.approx(0.1, abs=0.05)


def test_nothing_says_who_taught() -> None:
    """A day of one shopper equals that of another who has the same places."""
    assert Totals().pairs == {}
    made = day([("shopper-1", [PAIR])])
    assert not hasattr(made, "shoppers")
    assert made.pairs[PAIR].bit_count() == 1
