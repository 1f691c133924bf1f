"""Cards, and what a match reads, on a real Redis and a real cluster."""

from collections.abc import Iterator

import pytest

from storage.cards import MOST_CATEGORIES, RedisCards
from storage.counts import RedisCounts
from storage.keys import Keys
from streams.errors import StoreCorrupt
from streams.records.cards import Card, Property
from streams.sessions.packing import dump
from tests.prompts.shoppers import KETTLE, shopper
from tests.storage.conftest import EACH_KIND, Clients
from tests.storage.sides import RedisSide, write

pytestmark = pytest.mark.redis

BLUE = Card(category="home/kitchen/kettles", price=89.0, attributes=(Property(name="color", value="blue"),))


@pytest.mark.parametrize("kind", EACH_KIND)
async def test_what_is_known_comes_in_one_read(kind: str, clients: Clients, namespaces: Iterator[str]) -> None:
    """Intent, session and cards; what is not there is None, and a card that is none is named."""
    client, keys = await clients.of(kind), Keys(next(namespaces))
    cards = RedisCards(client, keys, 5.0)
    assert (await cards.known("ada", ["sku-1"])).intent is None
    side = RedisSide(client, keys.namespace)
    session = shopper(("view", KETTLE))
    await side.store.write([write("ada")])
    await client.hset(keys.context("ada"), "session", dump(session))
    await cards.write({"sku-1": BLUE, "sku-2": Card()})
    await client.set(keys.card("sku-3"), '{"price": "cheap"}')
    await client.set(keys.card("sku-4"), '{"price": 5, "colour_of_the_box": "red"}')
    known = await cards.known("ada", ["sku-1", "sku-2", "sku-3", "sku-4", "sku-5"])
    assert known.intent is not None
    assert known.session == session
    assert known.purposes is None
    assert known.cards == {"sku-1": BLUE, "sku-2": Card(), "sku-4": Card(price=5)}
    assert known.unreadable == ("sku-3",)


@pytest.mark.parametrize("kind", EACH_KIND)
async def test_categories_of_cards_are_kept_each_once(kind: str, clients: Clients, namespaces: Iterator[str]) -> None:
    """However often a card is written; beyond a bound those go that were written longest ago."""
    client, keys = await clients.of(kind), Keys(next(namespaces))
    cards, counts = RedisCards(client, keys, 5.0), RedisCounts(client, keys, 5.0)
    assert await counts.shelf() == []
    for _ in range(2):
        await cards.write({"sku-1": BLUE, "sku-2": Card(), "sku-3": Card(category="home/kitchen/kettles")})
    assert await counts.shelf() == ["home/kitchen/kettles"]
    many = {f"sku-{at}": Card(category=f"c-{at}") for at in range(MOST_CATEGORIES)}
    await cards.write(many)
    assert set(await counts.shelf()) == {card.category for card in many.values()}


async def test_a_damaged_session_is_none_and_a_damaged_intent_is_named(
    clients: Clients, namespaces: Iterator[str]
) -> None:
    """A match does without the one; the other nobody but Penchant writes."""
    client, keys = await clients.of("redis"), Keys(next(namespaces))
    await client.hset(keys.context("ada"), "session", b"\x00\xff")
    await client.hset(keys.intent("ada"), "purposes", "advertising,personalisation")
    known = await RedisCards(client, keys, 5.0).known("ada", [])
    assert (known.intent, known.session) == (None, None)
    assert known.purposes == frozenset({"advertising", "personalisation"})
    await client.hset(keys.intent("ada"), "doc", "{}")
    with pytest.raises(StoreCorrupt) as corrupt:
        await RedisCards(client, keys, 5.0).known("ada", [])
    assert corrupt.value.key == keys.intent("ada")
