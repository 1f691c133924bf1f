"""What the products of a session are thought to take: those that many saw, and those that nobody else did."""

import gc
import tracemalloc
from collections.abc import Iterator
from itertools import count
from zlib import crc32

import pytest

from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent
from streams.events.redaction import redact
from streams.events.wire import Wire
from streams.sessions import packing
from streams.sessions.session import SessionRules, fold

START_MS = 1_700_000_000_000
SHOPPERS = 40
NAMES = count()
"""Products that no earlier test has left in a cache of strings."""


def item(name: str, letters: int) -> Item:
    """A product with a title of so many letters, in one of a few categories."""
    title, number = name.ljust(letters, "x") if letters else None, crc32(name.encode())
    return Item(name, title, f"cat{number % 40}", f"brand{number % 300}", 9.5 + number % 1_000, "EUR")


def products(pool: int) -> Iterator[str]:
    """Names: each once (`pool` 0), or the same few again and again."""
    batch = next(NAMES)
    return (f"{batch}-{number % pool if pool else number}" for number in count())


def decoded(shopper: str, at: int, items: tuple[Item, ...], wire: Wire) -> ShopperEvent:
    """An event as it comes out of the log, so that it shares what the decoder shares."""
    event = wire.read(encode(ShopperEvent(f"e{at:031d}", shopper, "view", START_MS + at, items)))
    assert event is not None
    return event


def crowd(names: Iterator[str], items: int, events: int, letters: int, form: str) -> list[Shopper]:
    """Shoppers who have seen products, hot, or packed and unpacked again."""
    wire, home, offsets = Wire(16), Partition(0, 1, 0.0), count()
    shoppers = [Shopper(f"s{number}", home) for number in range(SHOPPERS)]
    for shopper in shoppers:
        for at in (next(offsets) for _ in range(events)):
            event = decoded(shopper.id, at, tuple(item(next(names), letters) for _ in range(items)), wire)
            fold(shopper.session, event, at, START_MS + at, SessionRules())
    if form == "unpacked":
        for shopper in shoppers:
            shopper.pack()
            assert shopper.session
    return shoppers


@pytest.mark.parametrize("form", ["hot", "unpacked"])
@pytest.mark.parametrize("letters", [0, 70])
@pytest.mark.parametrize(("items", "events", "pool"), [(1, 5, 0), (1, 50, 0), (8, 6, 0), (1, 30, 3), (1, 30, 1_000)])
@pytest.mark.slow
def test_products_are_weighed_by_who_shares_them(items: int, events: int, pool: int, letters: int, form: str) -> None:
    """Within half of what Python's own account of its memory says, whether a product was seen by one shopper or by all
    of them; the bounded memory of decoder and packing is left out."""
    crowd(products(pool), items, 2, letters, form)  # caches fill
    gc.collect()
    tracemalloc.start()
    try:
        shoppers = crowd(products(pool), items, events, letters, form)
        packing._shared.cache_clear()
        redact.cache_clear()
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 1 / 1.5 < sum(shopper.size_bytes for shopper in shoppers) / taken < 1.5
