"""A name is one worker's, for as long as it is heard of."""

import asyncio
from collections.abc import Iterator

import pytest

from storage.connection import Client, ask
from storage.instances import HELD_S, Holder, RedisInstances
from storage.keys import Keys

pytestmark = pytest.mark.redis


@pytest.fixture
def instances(client: Client, namespaces: Iterator[str]) -> RedisInstances:
    """Those of a group in a namespace of its own."""
    return RedisInstances(client, Keys(next(namespaces)), 5.0, "shop")


async def test_a_name_is_had_by_one_worker(instances: RedisInstances) -> None:
    """Whoever has it keeps it; the other hears who that is, and gets it once it is given back."""
    assert await instances.claim("worker-0", "ann") == "ann"
    assert await instances.claim("worker-0", "bob") == "ann"
    assert await instances.claim("worker-1", "bob") == "bob"
    assert await instances.claim("worker-0", "ann") == "ann"
    await instances.release("worker-0", "bob")
    assert await instances.look("worker-0") == Holder("ann", None)
    await instances.release("worker-0", "ann")
    assert await instances.claim("worker-0", "bob") == "bob"


async def test_whom_it_was_refused_is_remembered(instances: RedisInstances) -> None:
    """For people who look why a worker does not begin."""
    await instances.claim("worker-0", "ann")
    await instances.refuse("worker-0", "bob")
    assert await instances.look("worker-0") == Holder("ann", "bob")


async def test_groups_do_not_share_names(instances: RedisInstances, client: Client, namespaces: Iterator[str]) -> None:
    """Kafka knows a name by its group."""
    keys = Keys(next(namespaces))
    one, other = (RedisInstances(client, keys, 5.0, group) for group in ("shop", "store"))
    assert await one.claim("worker-0", "ann") == "ann"
    assert await other.claim("worker-0", "bob") == "bob"


async def test_a_name_ends_with_its_worker(client: Client, namespaces: Iterator[str]) -> None:
    """One that was killed keeps it for a while, and no longer."""
    keys = Keys(next(namespaces))
    instances = RedisInstances(client, keys, 5.0, "shop")
    await asyncio.gather(*(instances.claim("worker-0", "ann") for _ in range(2)))
    (left_s,) = await ask(client, [("TTL", keys.instance("shop", "worker-0"))], 5.0)
    assert 0 < left_s <= HELD_S
