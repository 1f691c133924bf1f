"""Learned counts on a real Redis and a real cluster."""

from collections.abc import Iterator

import pytest

from storage.counts import RedisCounts
from storage.keys import Keys
from streams.errors import StoreCorrupt
from tests.storage.conftest import EACH_KIND, Clients

pytestmark = pytest.mark.redis


@pytest.mark.parametrize("kind", EACH_KIND)
async def test_counts_are_written_whole_and_never_by_an_older_owner(
    kind: str, clients: Clients, namespaces: Iterator[str]
) -> None:
    """With the offset that they cover; a later lineage is later, whatever its offset."""
    client, keys = await clients.of(kind), Keys(next(namespaces))
    counts = RedisCounts(client, keys, 5.0)
    assert await counts.lessons(3) is None
    assert await counts.write(3, 0, 41, b"\x00one")
    assert not await counts.write(3, 0, 40, b"older")
    assert await counts.lessons(3) == b"\x00one"
    assert await counts.write(3, 0, 41, b"same")
    assert await counts.write(3, 1, 2, b"later")
    assert await counts.lessons(3) == b"later"
    assert await client.ttl(keys.lessons(3)) > 0


@pytest.mark.parametrize("kind", EACH_KIND)
async def test_a_snapshot_is_there_before_its_name(kind: str, clients: Clients, namespaces: Iterator[str]) -> None:
    """And expires; the totals stay."""
    client, keys = await clients.of(kind), Keys(next(namespaces))
    counts = RedisCounts(client, keys, 5.0)
    assert (await counts.current(), await counts.totals()) == ("", None)
    await counts.publish("2026-01-31T08-abc", b"{}", 60)
    await counts.close_days(b"days")
    assert await counts.current() == "2026-01-31T08-abc"
    assert await counts.snapshot("2026-01-31T08-abc") == b"{}"
    assert await counts.snapshot("another") is None
    assert await counts.totals() == b"days"
    assert 0 < await client.ttl(keys.snapshot("2026-01-31T08-abc")) <= 60


@pytest.mark.parametrize("kind", EACH_KIND[:1])
async def test_another_type_is_named(kind: str, clients: Clients, namespaces: Iterator[str]) -> None:
    """The error says which key it is."""
    client, keys = await clients.of(kind), Keys(next(namespaces))
    await client.hset(keys.learned, "a", "b")
    with pytest.raises(StoreCorrupt) as corrupt:
        await RedisCounts(client, keys, 5.0).current()
    assert corrupt.value.key == keys.learned
