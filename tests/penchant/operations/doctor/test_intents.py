"""Intents: while an upgrade goes on doctor says how many readers still read in two round trips."""

from pathlib import Path

import pytest

from penchant.operations.doctor.findings import INFO
from penchant.operations.doctor.intents import examine, judge
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.connection import ask
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from tests.storage.sides import write

SHOPPERS = ("ada", "bob", "cyd")


def test_nothing_is_said_where_there_is_nothing() -> None:
    """Nor of a hash that went meanwhile."""
    assert judge([]) == judge([(None, None)]) == []


@pytest.mark.redis
async def test_intents_of_an_earlier_contract_are_counted(tmp_path: Path) -> None:
    """Some, then none any more; it is no fault. Who may not search is told nothing."""
    async with RedisServer(tmp_path) as redis:
        settings = Settings.model_validate({"redis": {"url": redis.url}})
        client, keys = settings.redis.connect(connections=1), Keys()
        try:
            assert await examine(settings) == []
            store = RedisCheckpoints(client, keys, 5.0)
            await store.write([write(shopper) for shopper in SHOPPERS])
            await ask(client, [("HDEL", keys.intent("ada"), "packed")], 5.0)
            [mixed] = await examine(settings)
            await store.write([write("ada", (0, 6, 0))])
            [whole] = await examine(settings)
            await ask(client, [("ACL", "SETUSER", "blind", "on", ">secret", "~*", "+@all", "-scan")], 5.0)
            blind = {"url": redis.url, "username": "blind", "password": "secret"}
            assert await examine(Settings.model_validate({"redis": blind})) == []
        finally:
            await client.aclose()
    assert (mixed.severity, whole.severity) == (INFO, INFO)
    assert mixed.found.startswith("1 of 3 that were looked at have no packed field")
    assert whole.found.startswith("3 that were looked at have the packed field")
