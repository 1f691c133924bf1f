"""While a rolling upgrade goes on: workers and readers of contract 2 and 3 share a namespace, in any order."""

import itertools
from collections.abc import Iterator
from itertools import chain

import pytest

from sandbox.servers.redis import RedisServer
from storage.connection import Client, Command, ask, connect
from storage.intents import hot_fields
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.records.intents import Stage
from streams.sessions.positions import Position
from tests.readers.each import EachReader, each_reader
from tests.storage.sides import intent, write

pytestmark = pytest.mark.redis
PATIENT_S = 5.0
NAMESPACES: Iterator[str] = (f"upgrade-{number}" for number in itertools.count())
ASKED_BY_CONTRACT_2 = (
    "schema", "position", "source", "as_of", "written_at", "stage", "mission", "category", "brand", "confidence",
    "price_low", "price_high", "currency", "purposes", "next_categories", "doc",
)  # fmt: skip


async def write_by_contract_2(client: Client, keys: Keys, shopper: str, at: Position, stage: Stage) -> None:
    """What the script of a worker of version 2 does to the hash: it deletes it, and sets its own fields."""
    held = intent(shopper, at, stage)
    hot = {"position": held.position, **hot_fields(held)}
    fields: Command = ("doc", held.dump(), *chain.from_iterable(hot.items()))
    await ask(client, [("DEL", keys.intent(shopper)), ("HSET", keys.intent(shopper), *fields)], PATIENT_S)


@each_reader
async def test_readers_go_first(redis_server: RedisServer, read: EachReader) -> None:
    """Readers of 3 read what workers of 2 write, and what a worker of 3 puts in its place."""
    namespace = next(NAMESPACES)
    async with connect(redis_server.url) as client:
        keys, store = Keys(namespace), RedisCheckpoints(client, Keys(namespace), PATIENT_S)
        for shopper in ("ada", "bob"):
            await write_by_contract_2(client, keys, shopper, Position(0, 5, 0), "explore")
        before = await read(redis_server.url, namespace, ["ada", "bob", "cyd"], strict=True)
        await store.write([write("ada", (0, 6, 0))])
        after = await read(redis_server.url, namespace, ["ada", "bob", "cyd"], strict=True)
    assert [(each.stage, each.reason) for each in before] == [("explore", ""), ("explore", ""), ("", "absent")]
    assert [(each.stage, each.position) for each in after] == [("compare", "0:6:0"), ("explore", "0:5:0"), ("", "")]


@each_reader
async def test_a_worker_of_2_leaves_no_packed_field_of_another_intent(
    redis_server: RedisServer, read: EachReader
) -> None:
    """Whichever wrote last is read, back and forth."""
    namespace = next(NAMESPACES)
    async with connect(redis_server.url) as client:
        keys, store = Keys(namespace), RedisCheckpoints(client, Keys(namespace), PATIENT_S)
        for offset in (5, 7):
            await store.write([write("ada", (0, offset, 0))])
            (by_3,) = await read(redis_server.url, namespace, ["ada"], strict=True)
            await write_by_contract_2(client, keys, "ada", Position(0, offset + 1, 0), "cart")
            (by_2,) = await read(redis_server.url, namespace, ["ada"], strict=True)
            assert [(each.stage, each.position) for each in (by_3, by_2)] == [
                ("compare", f"0:{offset}:0"),
                ("cart", f"0:{offset + 1}:0"),
            ]


async def test_workers_go_first(redis_server: RedisServer) -> None:
    """A reader of 2 gets of a worker of 3 what it asks for: each of its fields, with the same values."""
    namespace = next(NAMESPACES)
    async with connect(redis_server.url) as client:
        keys, store = Keys(namespace), RedisCheckpoints(client, Keys(namespace), PATIENT_S)
        await store.write([write("new")])
        await write_by_contract_2(client, keys, "old", Position(0, 5, 0), "compare")
        new, old = [await client.hmget(keys.intent(name), ASKED_BY_CONTRACT_2) for name in ("new", "old")]
        assert new[:-1] == old[:-1]
        assert await client.hexists(keys.intent("new"), "packed")
        assert not await client.hexists(keys.intent("old"), "packed")
