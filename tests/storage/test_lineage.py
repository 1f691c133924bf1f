"""The lineage record, in memory and on a real Redis."""

from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from penchant.worker.lineage import Records
from storage.connection import connect
from storage.keys import Keys
from storage.lineage import RedisLineage
from streams.errors import StoreCorrupt, StoreUnavailable
from streams.records.lineage import Lineage
from tests.fakes.lineage import MemoryRecords

FIRST = Lineage(0, "events", 3, "3b6e0a3c-0000-4000-8000-000000000001")
SECOND = Lineage(1, "events", 4, None, (7, 0, 9, 2))


@pytest.fixture
def keys(namespaces: Iterator[str]) -> Keys:
    """A namespace of the test's own."""
    return Keys(next(namespaces))


@pytest.fixture
def redis_records(client: Redis, keys: Keys) -> RedisLineage:
    """The record in Redis."""
    return RedisLineage(client, keys, timeout_s=5.0)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def records(request: pytest.FixtureRequest) -> Records:
    """The record in memory, and the one in Redis."""
    found: Records = MemoryRecords() if request.param == "memory" else request.getfixturevalue("redis_records")
    return found


async def test_there_is_none_at_first(records: Records) -> None:
    """And nothing is known of ends."""
    assert await records.read() is None
    assert await records.reached(0) == {}


@pytest.mark.parametrize("record", [FIRST, SECOND])
async def test_a_record_is_read_as_it_was_written(records: Records, record: Lineage) -> None:
    """With an id or without, with starts or without."""
    assert await records.exchange(None, record)
    assert await records.read() == record


async def test_only_the_first_of_two_begins_a_namespace(records: Records) -> None:
    """The second has to look at what the first wrote."""
    assert await records.exchange(None, FIRST)
    assert not await records.exchange(None, SECOND)
    assert await records.read() == FIRST


async def test_only_the_first_of_two_raises_the_number(records: Records) -> None:
    """Two operators who do the same do it once."""
    await records.exchange(None, FIRST)
    assert await records.exchange(FIRST, SECOND)
    assert not await records.exchange(FIRST, SECOND)
    assert await records.read() == SECOND


async def test_ends_belong_to_a_number(records: Records) -> None:
    """What one lineage reached says nothing about the next, and can be forgotten."""
    await records.reach(0, (5, 0, 7))
    await records.reach(0, (6, 1, 7))
    await records.reach(1, ())
    assert await records.reached(0) == {0: 6, 1: 1, 2: 7}
    assert await records.reached(1) == {}
    await records.forget(0)
    assert await records.reached(0) == {}


@pytest.mark.redis
@pytest.mark.parametrize("damage", [{"partitions": "many"}, {"starts": "1 x"}])
async def test_a_record_that_nobody_wrote_is_told(
    redis_records: RedisLineage,
    client: Redis,
    keys: Keys,
    damage: dict[
        bytes | bytearray | memoryview | str | int | float, bytes | bytearray | memoryview | str | int | float
    ],
) -> None:
    """With the key's name; it is never taken for none."""
    await redis_records.exchange(None, FIRST)
    await client.hset(keys.lineage, mapping=damage)
    with pytest.raises(StoreCorrupt, match=keys.lineage):
        await redis_records.read()


@pytest.mark.redis
async def test_half_a_record_is_told(redis_records: RedisLineage, client: Redis, keys: Keys) -> None:
    """As above."""
    await client.hset(keys.lineage, "number", 3)
    with pytest.raises(StoreCorrupt, match=keys.lineage):
        await redis_records.read()


async def test_a_redis_that_is_away_is_told(keys: Keys) -> None:
    """As everywhere."""
    client = connect("redis://127.0.0.1:1/0")
    with pytest.raises(StoreUnavailable):
        await RedisLineage(client, keys, timeout_s=1.0).read()
    await client.aclose()
