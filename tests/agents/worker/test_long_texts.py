"""Sessions of long texts: what is kept of them is bounded, and counted."""

import gc
import tracemalloc

import pytest

from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from streams.events.event import Item, ShopperEvent
from streams.sessions.session import Session, SessionRules, fold
from streams.sessions.weight import TEXT_BYTES

ALPHABETS = {"latin": "a", "accents": "é", "cjk": "\u4e00", "emoji": "\U0001f300"}


def view(session: Session, at: int, text: str, items: int) -> None:
    """One event with texts that nobody else has."""
    products = tuple(Item(f"i{at}-{n}", f"{at}-{n}-{text}", f"c{at}-{n}-{text}", f"b{at}-{n}") for n in range(items))
    query = None if items else f"{at}-{text}"
    fold(
        session, ShopperEvent(f"e{at}", "s", "view", 1_000 + at, items=products, query=query), at, 9_000, SessionRules()
    )


@pytest.mark.parametrize("items", [1, 8])
@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_long_texts_are_counted(alphabet: str, items: int) -> None:
    """Within half of what Python's own account of its memory says, however long and in whatever script."""
    view(Session(), 0, ALPHABETS[alphabet] * 900, items)  # caches fill
    gc.collect()
    tracemalloc.start()
    try:
        shoppers = [Shopper(f"s{number}", Partition(0, 1, 0.0)) for number in range(10)]
        for number, shopper in enumerate(shoppers):
            for at in range(20):
                view(shopper.session, 100 * number + at, ALPHABETS[alphabet] * 900, items)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 1 / 1.5 < sum(shopper.size_bytes for shopper in shoppers) / taken < 1.5


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_titles_and_searches_are_cut_to_whole_characters(alphabet: str) -> None:
    """A session keeps so many bytes of each; short ones stay as they are."""
    session = Session()
    for at, (text, items) in enumerate([(ALPHABETS[alphabet] * 900, 1), (ALPHABETS[alphabet] * 900, 0), ("kettle", 1)]):
        view(session, at, text, items)
    long, search, short = session.rows()
    assert long.item is not None
    assert short.item is not None
    for text in (long.item.title or "", search.query or ""):
        assert TEXT_BYTES - 4 < len(text.encode()) <= TEXT_BYTES
    assert short.item.title == "2-0-kettle"
