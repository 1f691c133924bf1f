"""What the shop says of products, on a real Redis and a real cluster."""

from collections.abc import Iterator

import pytest

from storage.cards import RedisCards
from storage.keys import Keys
from storage.knowledge import LONGEST_BYTES, RedisKnowledge
from streams.errors import StoreCorrupt
from tests.storage.conftest import EACH_KIND, Clients

pytestmark = pytest.mark.redis


@pytest.mark.parametrize("kind", EACH_KIND)
async def test_lines_come_in_the_order_asked(kind: str, clients: Clients, namespaces: Iterator[str]) -> None:
    """Empty where there is none, of any bytes, and no longer than a line."""
    client, keys = await clients.of(kind), Keys(next(namespaces))
    await client.set(keys.knowledge("sku-1"), "1.7 l, 40 dB")
    await client.set(keys.knowledge("sku-2"), b"\xff\xfe")
    await client.set(keys.knowledge("sku-4"), "x" * 9_000)
    lines = await RedisKnowledge(client, keys, 5.0).lines(["sku-4", "sku-3", "sku-2", "sku-1"])
    assert lines == ["x" * LONGEST_BYTES, "", "\ufffd\ufffd", "1.7 l, 40 dB"]
    assert await RedisKnowledge(client, keys, 5.0).lines([]) == []


@pytest.mark.parametrize("kind", EACH_KIND[:1])
async def test_a_campaign_ends_with_its_time(kind: str, clients: Clients, namespaces: Iterator[str]) -> None:
    """When it is written and when it is read: what lies between may be long."""
    client, keys = await clients.of(kind), Keys(next(namespaces))
    over, far = "campaign A until 2020-01-01T00:00Z, blue", "campaign A until 9999-01-01T00:00Z, blue"
    cards, knowledge = RedisCards(client, keys, 5.0), RedisKnowledge(client, keys, 5.0)
    await cards.write({}, {"sku-1": over, "sku-2": far, "sku-3": over.removesuffix(", blue")})
    assert await client.get(keys.knowledge("sku-1")) == b"blue"
    assert not await client.exists(keys.knowledge("sku-3"))
    await client.set(keys.knowledge("sku-1"), over)
    assert await knowledge.lines(["sku-1", "sku-2", "sku-3"]) == ["blue", far, ""]


@pytest.mark.parametrize("kind", EACH_KIND[:1])
async def test_another_type_is_named(kind: str, clients: Clients, namespaces: Iterator[str]) -> None:
    """The error says which key it is."""
    client, keys = await clients.of(kind), Keys(next(namespaces))
    await client.hset(keys.knowledge("sku-1"), "line", "1.7 l")
    with pytest.raises(StoreCorrupt) as corrupt:
        await RedisKnowledge(client, keys, 5.0).lines(["sku-1"])
    assert corrupt.value.key == keys.knowledge("sku-1")
