"""Probes of a fleet: each server is asked once for all workers, and all of them know what was found."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import pytest

from clients.pools.client import PooledClient
from clients.pools.probes import PROBE_EVERY_S
from streams.errors import ContractMismatch, ModelUnavailable
from tests.clients.shops import pool
from tests.clients.virtual import call, virtually
from tests.fakes.findings import Findings
from tests.fakes.model import ScriptedModel

WORKERS = 20


class Server(ScriptedModel):
    """Counts who asks whether it is there; it takes a second to say."""

    probes = 0
    wrong = False

    async def probe(self) -> str:
        self.probes += 1
        await asyncio.sleep(1.0)
        if self.wrong:
            raise ContractMismatch("it has another model")
        return await super().probe()


@asynccontextmanager
async def fleet(servers: dict[str, Server], findings: Findings) -> AsyncIterator[Sequence[PooledClient]]:
    """Workers that run without a call."""
    made = [
        PooledClient([pool(*servers)], lambda each: servers[each.address], chance=Random(at), findings=findings)
        for at in range(WORKERS)
    ]
    running = [asyncio.ensure_future(each.run()) for each in made]
    try:
        yield made
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for client in made:
            await client.close()


def usable(client: PooledClient) -> set[str]:
    """The servers that a worker makes calls to."""
    return {each.name for each in client.replicas if each.usable}


def test_a_fleet_asks_a_server_once_in_five_seconds() -> None:
    """However many workers there are; and each of them knows."""

    async def main() -> None:
        servers = {name: Server() for name in ("a:1", "b:1")}
        async with fleet(servers, Findings()) as workers:
            await asyncio.sleep(100.0)
            assert all(15 <= each.probes <= 21 for each in servers.values())
            assert all(each.probed is not None for worker in workers for each in worker.replicas)

    virtually(main)


def test_workers_that_begin_at_once_ask_once() -> None:
    """The others wait for what one of them finds."""

    async def main() -> None:
        servers = {"a:1": Server()}
        async with fleet(servers, Findings()) as workers:
            await asyncio.gather(*(each.begin() for each in workers))
            assert servers["a:1"].probes == 1
            assert {each.away for each in workers} == {None}

    virtually(main)


def test_all_hear_that_a_server_is_away_and_back() -> None:
    """Within the time that each of them would have taken by itself, and a turn."""

    async def main() -> None:
        servers = {name: Server() for name in ("a:1", "b:1")}
        async with fleet(servers, Findings()) as workers:
            await asyncio.sleep(20.0)
            servers["a:1"].away = True
            await asyncio.sleep(3 * 2 * PROBE_EVERY_S + 10.0)
            assert all(usable(each) == {"b:1"} for each in workers)
            servers["a:1"].away = False
            await asyncio.sleep(60.0)
            for each in workers:
                await each.complete(call(asyncio.get_running_loop().time() + 5.0, "s-1"))
            assert all(usable(each) == {"a:1", "b:1"} for each in workers)

    virtually(main)


def test_a_model_that_is_another_stops_whoever_hears_of_it() -> None:
    """As if each had asked."""

    async def main() -> None:
        servers = {"a:1": Server()}
        servers["a:1"].wrong = True
        async with fleet(servers, Findings()) as workers:
            ends = await asyncio.gather(*(each.begin() for each in workers), return_exceptions=True)
            assert {(type(each), str(each)) for each in ends} == {(ContractMismatch, "it has another model")}
            assert servers["a:1"].probes == 1

    virtually(main)


def test_who_cannot_hear_the_others_asks() -> None:
    """While Redis is away a worker is as if it were alone."""

    async def main() -> None:
        servers, findings = {"a:1": Server()}, Findings()
        findings.away = True
        async with fleet(servers, findings) as workers:
            await asyncio.gather(*(each.begin() for each in workers))
            assert servers["a:1"].probes == WORKERS

    virtually(main)


@pytest.mark.parametrize("finding", [None, b"", b"{}", b'{"number": 3}', b"\xff"])
def test_a_turn_that_comes_to_nothing_holds_nobody_up(finding: bytes | None) -> None:
    """Whoever took it went, or says what is not understood: after a while each worker asks."""

    async def main() -> None:
        servers, findings = {"a:1": Server()}, Findings()
        servers["a:1"].away = True
        await findings.take(["a:1 "], 3_600.0)
        if finding is not None:
            await findings.tell("a:1 ", finding)
        client = PooledClient([pool("a:1")], lambda each: servers[each.address], findings=findings)
        with pytest.raises(ModelUnavailable):
            async with asyncio.timeout(30):
                await client.probe()
        assert servers["a:1"].probes == 1
        await client.close()

    virtually(main)
