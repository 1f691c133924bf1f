"""The shoppers that the demonstration shows."""

from penchant_reader import ReadIntent

from penchant.demo.examples import Example, chosen
from streams.events.event import Item
from streams.sessions.session import Row


def example(shopper: str, stage: str, intended: str, *categories: str | None) -> Example:
    """A shopper whose intent is of the category `intended`, after products of these, then a search."""
    rows = [
        Row(f"{shopper}-{at}", at, "view", Item(f"p-{at}", category=one), None) for at, one in enumerate(categories)
    ]
    searched = Row(f"{shopper}-search", len(rows), "search", None, "kettles")
    return Example(shopper, [*rows, searched], ReadIntent(shopper, missing=False, stage=stage, category=intended))


def test_an_intent_is_shown_that_is_of_what_the_shopper_did_last() -> None:
    """Whoever has just gone on to something else comes after all others, however many stages that leaves out."""
    strays = [example(f"stray-{stage}", stage, "kettles", "kettles", "headphones") for stage in ("cart", "compare")]
    fitting = [example(f"fits-{at}", "explore", "tents", "kettles", "tents") for at in range(3)]
    assert {each.shopper for each in chosen([*strays, *fitting])} == {"fits-0", "fits-1", "fits-2"}
    assert chosen([*strays, fitting[0]])[0].shopper == "fits-0"


def test_one_of_each_stage_comes_first() -> None:
    """The longest of each, then the others."""
    short, long = example("short", "cart", "tents", "tents"), example("long", "cart", "tents", "tents", "tents")
    other, third = example("other", "explore", "tents", "tents"), example("third", "decide", "tents", "tents")
    assert {each.shopper for each in chosen([short, long, other, third])} == {"long", "other", "third"}


def test_products_without_a_category_fit_any_intent() -> None:
    """As in data sets that have ids alone."""
    assert len(chosen([example("otto", "explore", "", None), example("ada", "explore", "tents", "tents")])) == 2
