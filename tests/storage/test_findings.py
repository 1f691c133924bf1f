"""Findings of probes, shared: the same of the fake and of Redis."""

import asyncio
from collections.abc import Iterator

import pytest

from clients.pools.probes import SharedFindings
from storage.connection import Client
from storage.findings import RedisFindings
from storage.keys import Keys
from tests.fakes.findings import Findings

pytestmark = pytest.mark.redis


@pytest.fixture(params=["fake", "redis"])
def findings(request: pytest.FixtureRequest, client: Client, namespaces: Iterator[str]) -> SharedFindings:
    """Of nobody yet."""
    return Findings() if request.param == "fake" else RedisFindings(client, Keys(next(namespaces)), 5.0)


async def test_one_has_the_turn(findings: SharedFindings) -> None:
    """At each replica apart; until its time has passed, whether or not anything was found."""
    assert await findings.take(["a 1", "b 2"], 60.0) == [(True, None), (True, None)]
    assert await findings.take(["a 1", "c 3"], 60.0) == [(False, None), (True, None)]
    assert await findings.take([], 60.0) == []


async def test_what_was_found_is_heard_by_the_others(findings: SharedFindings) -> None:
    """The last of it, whoever has the turn."""
    await findings.take(["a 1"], 60.0)
    for finding in (b"first", b"second"):
        await findings.tell("a 1", finding)
        assert await findings.take(["a 1", "b 2"], 60.0) == [(False, finding), (finding == b"first", None)]


async def test_a_turn_comes_to_an_end(findings: SharedFindings) -> None:
    """Whoever took it may be gone."""
    assert await findings.take(["a 1"], 0.05) == [(True, None)]
    async with asyncio.timeout(60):
        while not (await findings.take(["a 1"], 0.05))[0][0]:  # noqa: ASYNC110 - tests look from outside
            await asyncio.sleep(0.01)
