"""The hot fields that stand there only where there is something to say."""

from storage.intents import hot_fields
from streams.records.intents import Weighted
from tests.agents.match.intents import intent

NAMES = ("home/mugs", "home/kettles", "line\nbreak", "home/filters", "home/teapots")


def test_the_likeliest_of_what_was_not_looked_at_comes_next() -> None:
    """Two at the most, by weight; one with a line break is left out, since a line break parts them."""
    weighted = tuple(Weighted(name=name, weight=(at + 1) / 10) for at, name in enumerate(NAMES))
    foreseen = intent(
        categories=weighted, inferred=("Tarn", "home/mugs", "line\nbreak", "home/filters", "home/kettles")
    )
    assert hot_fields(foreseen)["next_categories"] == "home/filters\nhome/kettles"


def test_nothing_foreseen_is_no_field() -> None:
    """It costs no byte where nobody learns."""
    assert "next_categories" not in hot_fields(intent(categories=(Weighted(name="home/mugs", weight=1.0),)))
