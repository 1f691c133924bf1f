"""What the service writes is what rankers read, with each reader and without any."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from msgspec import convert

from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.records.intents import Intent
from streams.sessions.positions import Position
from tests.readers.each import EachReader, each_reader
from tests.storage.sides import intent, write
from tests.valkey import valkey_server

pytestmark = pytest.mark.redis
PATIENT_S = 5.0
NAMESPACES: Iterator[str] = (f"readers-{number}" for number in itertools.count())


@pytest.fixture(scope="module", params=["redis", pytest.param("valkey", marks=pytest.mark.slow)])
async def server(
    request: pytest.FixtureRequest,
    anyio_backend: str,
    redis_server: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[RedisServer]:
    """The shared Redis, and a Valkey."""
    if request.param == "redis":
        yield redis_server
        return
    async with RedisServer(tmp_path_factory.mktemp("valkey"), binary=valkey_server()) as valkey:
        yield valkey


@pytest.fixture
async def stored(server: RedisServer) -> str:
    """A namespace in which ada and 李雷 have intents, and bob was parked without one."""
    namespace = next(NAMESPACES)
    async with connect(server.url) as client:
        store = RedisCheckpoints(client, Keys(namespace), PATIENT_S)
        await store.write([write("ada", (1, 5, 2)), write("bob", intent_lives_ms=None), write("李雷")])
    return namespace


@each_reader
async def test_hot_fields_are_those_of_the_intent(server: RedisServer, stored: str, read: EachReader) -> None:
    """Each arrives with its value and its type."""
    (found,) = await read(server.url, stored, ["ada"], strict=True)
    told = intent("ada", Position(1, 5, 2))
    assert (found.stage, found.mission, found.source) == (told.stage, told.mission.label, told.source)
    assert (found.category, found.brand, found.confidence) == ("home/kettles", "Ålesund", 0.7)
    assert (found.price_low, found.price_high) == (19.99, 60.0)
    assert (found.as_of_ms, found.written_at_ms) == (told.as_of_ms, told.written_at_ms)
    assert (found.position, found.schema, found.missing, found.failed) == ("1:5:2", 1, False, False)


@each_reader
async def test_the_document_is_the_intent(server: RedisServer, stored: str, read: EachReader) -> None:
    """The whole of it, as the service holds it."""
    (found,) = await read(server.url, stored, ["李雷"], strict=True)
    assert convert(found.doc, Intent) == intent("李雷", Position(0, 5, 0))


@each_reader
async def test_many_are_read_in_the_order_asked(server: RedisServer, stored: str, read: EachReader) -> None:
    """Those without an intent are missing, and that is no failure."""
    found = await read(server.url, stored, ["bob", "ada", "cyd", "李雷"], strict=True)
    assert [(each.shopper, each.missing, each.failed) for each in found] == [
        ("bob", True, False), ("ada", False, False), ("cyd", True, False), ("李雷", False, False),
    ]  # fmt: skip
