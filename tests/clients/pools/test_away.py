"""A model that is away: it comes late, goes, and comes back without a call, and its pools tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from clients.pools.client import PROBE_LATER_S, PooledClient
from clients.pools.probes import PROBE_EVERY_S
from streams.errors import ContractMismatch
from tests.clients.shops import pool
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel

LOOK_S = PROBE_EVERY_S + PROBE_LATER_S + 0.1
"""In so many seconds they look once."""


def before(model: ScriptedModel) -> PooledClient:
    return PooledClient([pool("a:1")], lambda _: model)


@asynccontextmanager
async def running(client: PooledClient) -> AsyncIterator[PooledClient]:
    """They have begun, and run."""
    await client.begin()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(client.run())
        yield client
        task.cancel()


def test_a_model_that_is_there() -> None:
    """It is named, and not away; before it was asked it is."""

    async def main() -> None:
        client = before(ScriptedModel())
        assert client.away == "it has not been asked yet"
        async with running(client):
            assert client.found == "scripted model scripted"
            assert not client.away

    virtually(main)


def test_a_model_that_is_away_at_the_start_stops_nothing() -> None:
    """It counts as away, with the reason; no call is admitted at once; and without any it is found when it comes."""

    async def main() -> None:
        model = ScriptedModel()
        model.away = True
        async with running(before(model)) as client:
            assert client.away == "scripted is away"
            assert not client.circuit_breaker.admit(asyncio.get_running_loop().time())
            model.away = False
            await asyncio.sleep(LOOK_S)
            assert client.found == "scripted model scripted"
            assert not client.away
            assert not client.circuit_breaker.away

    virtually(main)


def test_a_mismatch_at_the_start_is_raised() -> None:
    """There is no use in going on."""

    async def main() -> None:
        model = ScriptedModel()
        model.mismatch = "expected this, found that"
        with pytest.raises(ContractMismatch):
            await before(model).begin()

    virtually(main)


def test_a_mismatch_of_a_model_that_comes_late_is_raised() -> None:
    """The first answer counts, whenever it comes, also while calls to it fail."""

    async def main() -> None:
        model = ScriptedModel()
        model.away, model.mismatch = True, "expected this, found that"
        client = before(model)
        await client.begin()
        task = asyncio.create_task(client.run())
        await asyncio.sleep(3 * LOOK_S)
        assert not task.done()
        model.away = False
        for _ in range(int(LOOK_S * 10)):
            client.circuit_breaker.failed(asyncio.get_running_loop().time())
            await asyncio.sleep(0.1)
        with pytest.raises(ContractMismatch):
            task.result()

    virtually(main)


def test_a_later_mismatch_is_an_outage() -> None:
    """Once found, another model under its name is a reason to wait for the right one."""

    async def main() -> None:
        model = ScriptedModel()
        async with running(before(model)) as client:
            model.mismatch = "expected this, found that"
            client.circuit_breaker.trip(asyncio.get_running_loop().time())
            await asyncio.sleep(2 * LOOK_S)
            assert client.away == "expected this, found that\n  remedy: change what the test expects"
            model.mismatch = ""
            await asyncio.sleep(LOOK_S)
            assert client.away is None

    virtually(main)


@pytest.mark.parametrize("slow", [False, True])
def test_while_calls_fail_nobody_else_asks(slow: bool) -> None:  # noqa: FBT001 # drawn
    """A server whose metadata are fine and whose calls are not stays away for as long as calls say so."""

    async def main() -> None:
        async with running(before(ScriptedModel())) as client:
            client.circuit_breaker.trip(0.0)
            for _ in range(50):
                client.circuit_breaker.failed(asyncio.get_running_loop().time(), slow=slow)
                await asyncio.sleep(1.0)
                assert client.away == "calls fail"
            await asyncio.sleep(2 * LOOK_S)
            assert client.away is None

    virtually(main)
