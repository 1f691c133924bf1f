"""Pools in virtual time: replicas that die, hang, slow down, fill up, come and go, while shoppers keep calling."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from clients.limits.adaptive_limit import LimitRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool, Price
from clients.pools.probes import PROBE_EVERY_S
from clients.pools.router import RoutingRules
from clients.pools.routing import Ranking, affinity
from streams.errors import ContractMismatch, DeadlinePassed, ModelOverloaded, ModelUnavailable
from tests.clients.shops import Shop, open_shop, pool
from tests.clients.virtual import call, virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.queueing_server import QueueingServer
from tests.fakes.scripted_calls import Turn

NAMES = ("a:1", "b:1", "c:1", "d:1")


class CountingServer(ScriptedModel):
    """Counts how often it is probed."""

    probes = 0

    async def probe(self) -> str:
        self.probes += 1
        return await super().probe()


def four(**options: float | bool) -> list[QueueingServer]:
    return [QueueingServer(name=name, seed=at, **options) for at, name in enumerate(NAMES)]  # type: ignore[arg-type]


def test_a_shopper_stays_with_a_replica() -> None:
    """Far from full, every call of a shopper goes to one replica, and the replicas share the shoppers."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four()) as shop:
            shop.enter(40)
            await asyncio.sleep(30.0)  # until the limits are known
            for server in shop.servers.values():
                server.shoppers.clear()
            non_local = sum(each.counts.non_local for each in shop.client.replicas)
            await asyncio.sleep(60.0)
            seen = {name: set(server.shoppers) for name, server in shop.servers.items()}
            assert sum(map(len, seen.values())) == len(set().union(*seen.values())) == 40
            assert min(map(len, seen.values())) >= 4
            assert sum(each.counts.non_local for each in shop.client.replicas) == non_local

    virtually(main)


def test_a_replica_that_dies_under_load_loses_no_call_and_comes_back_slowly() -> None:
    """Its calls are made elsewhere within the budget; it is ejected, told of with the reason, and back on trial."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four()) as shop:
            shop.enter(100)
            await asyncio.sleep(30.0)
            died, others = shop.servers["c:1"], [shop.replica(name) for name in ("a:1", "b:1", "d:1")]
            at_home = shop.replica("c:1").running
            died.fault = "away"
            await asyncio.sleep(2.0)
            assert shop.replica("c:1").state == "out"
            assert shop.notices[0].why.endswith("the last with: c:1 is away")
            assert sum(each.counts.retries for each in others) >= at_home
            opened = died.opened
            await asyncio.sleep(38.0)
            assert died.opened == opened  # out is out: not one call went there
            died.fault = ""
            await shop.until(lambda: shop.replica("c:1").state == "trial")
            assert shop.replica("c:1").limiter.limit.calls == LimitRules().least
            await asyncio.sleep(3.0)
            assert shop.replica("c:1").limiter.in_flight.total() <= 6
            await asyncio.sleep(60.0)
            assert shop.replica("c:1").limiter.limit.calls >= 16
            assert shop.brief_notices() == [("ejected", "c:1"), ("returned", "c:1")]
            assert not shop.errors

    virtually(main)


@pytest.mark.parametrize("most_waiting", [0, 10_000], ids=["refuses", "waits"])
def test_overload_does_not_eject(most_waiting: int) -> None:
    """A pool with half the places that it needs is busy, not sick, whether it refuses or makes calls wait."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four(places=6, most_waiting=most_waiting)) as shop:
            shop.enter(80, pause_s=0.1)
            await asyncio.sleep(120.0)
            assert not shop.notices
            assert shop.answers > 0.75 * 24 * 120

    virtually(main)


def test_a_replica_that_grows_slow_is_found_out() -> None:
    """Its GPU degrades: it is ejected with both times named, its peers are not, and nobody waits for it any more."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four()) as shop:
            shop.enter(40)
            await asyncio.sleep(60.0)
            assert not shop.notices
            shop.servers["b:1"].service_s *= 4
            await asyncio.sleep(60.0)
            assert {name for _, name in shop.brief_notices()} == {"b:1"}
            assert shop.notices[0].why.startswith("a call takes ")
            assert not shop.errors

    virtually(main)


def test_a_replica_that_hangs_is_found_out() -> None:
    """No answer by the deadline, again and again, while the others answer."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four()) as shop:
            shop.enter(40)
            await asyncio.sleep(30.0)
            shop.servers["d:1"].fault = "hanging"
            await asyncio.sleep(60.0)
            assert shop.brief_notices()[0] == ("ejected", "d:1")
            assert shop.errors.total() < 40
            before = shop.errors.total()
            await asyncio.sleep(60.0)
            assert shop.errors.total() == before

    virtually(main)


def test_a_replica_without_calls_is_found_out_by_its_probes() -> None:
    """Nobody calls, and yet it is known to be away, and known to be back."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four()) as shop:
            shop.servers["b:1"].fault = "away"
            await asyncio.sleep(20.0)
            assert shop.brief_notices() == [("ejected", "b:1")]
            assert "probes in a row failed" in shop.notices[0].why
            shop.servers["b:1"].fault = ""
            await asyncio.sleep(30.0)
            assert shop.client.router.room("live")
            assert shop.brief_notices() == [("ejected", "b:1"), ("returned", "b:1")]

    virtually(main)


def test_the_last_replica_is_never_ejected() -> None:
    """When all fail, calls fail at the one that is left, where it shows first that they are back."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four()) as shop:
            shop.enter(40)
            await asyncio.sleep(10.0)
            for server in shop.servers.values():
                server.fault = "away"
            await asyncio.sleep(60.0)
            assert [replica.state for replica in shop.client.replicas].count("out") == 3
            assert shop.errors["ModelUnavailable"] > 100
            for server in shop.servers.values():
                server.fault = ""
            await asyncio.sleep(120.0)
            assert [replica.state for replica in shop.client.replicas] == ["in"] * 4

    virtually(main)


def test_a_full_pool_spills_over_and_takes_back() -> None:
    """The next pool serves only whom the first has no place for within the bound, and nobody when that is over."""

    async def main() -> None:
        pools = [pool("a:1", "b:1", name="own"), pool("c:1", "d:1", name="rented")]
        async with open_shop(pools, four()) as shop:
            shop.enter(40)
            await asyncio.sleep(40.0)
            own, rented = shop.client.replicas[:2], shop.client.replicas[2:]
            before = sum(each.counts.calls for each in rented)
            await asyncio.sleep(20.0)
            assert sum(each.counts.calls for each in rented) == before < 50  # those while the limits were unknown
            shop.enter(110)
            await asyncio.sleep(60.0)
            spilled = sum(each.counts.spilled for each in rented)
            assert spilled == sum(each.counts.calls for each in rented) > 500
            assert sum(each.running for each in own) >= 0.9 * 64
            await shop.leave()
            shop.enter(40)
            await asyncio.sleep(10.0)
            spilled = sum(each.counts.spilled for each in rented)
            await asyncio.sleep(60.0)
            assert sum(each.counts.spilled for each in rented) == spilled
            assert not shop.notices

    virtually(main)


def test_a_pool_that_is_away_is_passed_over_at_once() -> None:
    """All of it ejected but for nobody: the next pool takes its shoppers without waiting for the first."""

    async def main() -> None:
        pools = [pool("a:1", name="own"), pool("b:1", name="rented")]
        async with open_shop(pools, four()[:2]) as shop:
            shop.servers["a:1"].fault = "away"
            shop.enter(10)
            await asyncio.sleep(30.0)
            assert shop.replica("a:1").state == "out"
            before, answers, errors = shop.servers["a:1"].opened, shop.answers, shop.errors.total()
            began_s = asyncio.get_running_loop().time()
            await shop.client.complete(call(began_s + 10.0, "grace"))
            assert asyncio.get_running_loop().time() - began_s < 2.0
            await asyncio.sleep(10.0)
            assert shop.servers["a:1"].opened == before
            assert shop.answers > answers
            assert shop.errors.total() == errors

    virtually(main)


@pytest.mark.slow
def test_classes_yield_within_the_time_of_a_call() -> None:
    """A batch fills what live leaves over all replicas; a call's time after live came, live has all it needs."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four(spread=0.0)) as shop:
            shop.enter(300, pause_s=0.01, deadline_s=600.0, of="batch")
            await asyncio.sleep(60.0)
            assert sum(server.running for server in shop.servers.values()) == 128
            shop.enter(80, pause_s=0.01)
            await asyncio.sleep(1.1)
            assert sum(each.limiter.in_flight["live"] for each in shop.client.replicas) >= 75
            places = sum(each.limiter.limit.calls for each in shop.client.replicas)
            assert sum(each.limiter.in_flight["batch"] for each in shop.client.replicas) <= places - 75

    virtually(main)


@pytest.mark.slow
def test_a_storm_of_retries_is_bounded() -> None:
    """Everything fails: at most a fifth more calls are made than were asked for, and three."""

    async def main() -> None:
        async with open_shop([pool(*NAMES)], four()) as shop:
            for server in shop.servers.values():
                server.fault = "away"
            shop.enter(200, pause_s=0.5)
            await asyncio.sleep(60.0)
            asked, made = shop.errors.total(), sum(server.opened for server in shop.servers.values())
            assert asked > 1_000
            assert made <= 1.25 * asked + 3  # the window of ten seconds lets a little more through at its edges
            assert made > asked

    virtually(main)


class Equal(NamedTuple):
    """A replica as the routing sees it."""

    name: str
    weight: float = 1.0


def homes(names: tuple[str, ...], shoppers: int = 60) -> dict[str, str]:
    """Where shoppers belong."""
    equal = Ranking([Equal(name) for name in names])
    found = {f"shopper-{each}": equal.home(affinity(f"shopper-{each}", "")) for each in range(shoppers)}
    return {shopper: replica.name for shopper, replica in found.items() if replica is not None}


def test_replicas_come_and_go_and_move_only_whom_they_must() -> None:
    """Added: only its own shoppers move, to it. Removed: only its own, and its calls end where they are."""

    async def main() -> None:
        async with open_shop([pool(*NAMES[:3])], four()) as shop:
            shop.enter(60)
            await asyncio.sleep(20.0)
            limits = {each.name: each.limiter for each in shop.client.replicas}
            await shop.client.reconfigure([pool(*NAMES)])
            await _seen_as(shop, NAMES)
            assert {each.name: each.limiter for each in shop.client.replicas if each.name in limits} == limits
            running, gone = shop.replica("a:1").running, shop.replica("a:1")
            await shop.client.reconfigure([pool(*NAMES[1:])])
            assert gone.running == running > 0
            await _seen_as(shop, NAMES[1:])
            assert shop.brief_notices() == [("added", "d:1"), ("removed", "a:1")]
            assert gone.running == 0
            assert shop.servers["a:1"].ended
            assert not shop.servers["b:1"].ended
            assert not shop.errors

    virtually(main)


async def _seen_as(shop: Shop, names: tuple[str, ...]) -> None:
    """Half a minute on, everybody is where they belong among these."""
    await asyncio.sleep(10.0)
    for server in shop.servers.values():
        server.shoppers.clear()
    await asyncio.sleep(20.0)
    seen = {shopper: name for name, server in shop.servers.items() for shopper in server.shoppers}
    assert seen == {shopper: name for shopper, name in homes(names).items() if shopper in seen}
    assert len(seen) == 60


def test_a_new_replica_that_does_not_answer_joins_when_it_does() -> None:
    """It is out from the beginning, and nobody's call fails there."""

    async def main() -> None:
        async with open_shop([pool("a:1")], four()[:2]) as shop:
            shop.enter(10)
            shop.servers["b:1"].fault = "away"
            await shop.client.reconfigure([pool("a:1", "b:1")])
            await asyncio.sleep(30.0)
            assert shop.brief_notices() == [("added", "b:1"), ("ejected", "b:1")]
            assert shop.servers["b:1"].opened == 0
            shop.servers["b:1"].fault = ""
            await asyncio.sleep(30.0)
            assert shop.servers["b:1"].opened > 0
            assert not shop.errors

    virtually(main)


def test_weights_and_prices_change_without_a_new_client() -> None:
    """What was learned of a replica stays; only what decides the connection makes a new one."""
    made: list[Endpoint] = []

    async def main() -> None:
        def connect(endpoint: Endpoint) -> ScriptedModel:
            made.append(endpoint)
            return ScriptedModel()

        endpoint = Endpoint(url="a:1")
        client = PooledClient([Pool("main", (endpoint,))], connect)
        (before,) = client.replicas
        heavier = replace(endpoint, weight=3.0, price=Price(per_hour=4.0))
        await client.reconfigure([Pool("other", (heavier,))])
        assert client.replicas == (before,)
        assert (before.weight, before.pool, before.endpoint.price.per_hour) == (3.0, "other", 4.0)
        await client.reconfigure([Pool("other", (replace(endpoint, api_key=SecretStr("secret")),))])
        assert client.replicas != (before,)
        await client.close()

    virtually(main)
    assert len(made) == 2
    assert "secret" not in repr(made)


def test_cost_is_time_and_tokens() -> None:
    """An hour at 3.60 and ten calls, of 1,000 tokens in and 100 out, at 1 and 10 for a million."""

    async def main() -> None:
        price = Price(per_hour=3.6, per_million_input=1.0, per_million_output=10.0)
        server = QueueingServer(name="a:1", spread=0.0)
        client = PooledClient([Pool("main", (Endpoint(url="a:1", price=price),))], lambda _: server)
        for _ in range(10):
            completion = await client.complete(call(asyncio.get_running_loop().time() + 5.0))
            await asyncio.sleep(5.0)
        (replica,) = client.replicas
        assert completion.endpoint == "a:1"
        assert replica.counts.busy_s == pytest.approx(10.0, abs=0.01)
        assert replica.cost == pytest.approx(10 * 3.6 / 3_600 + 0.01 + 0.01, rel=0.01)

    virtually(main)


def test_callers_get_the_error_that_the_last_replica_raised() -> None:
    """Overload stays overload, with the server's wish; a deadline is not tried again; a cancelled call ends there."""

    async def main() -> None:
        now = asyncio.get_running_loop().time
        full = QueueingServer(0, most_waiting=0, retry_after_s=3.0, name="a:1")
        client = PooledClient([pool("a:1")], lambda _: full)
        with pytest.raises(ModelOverloaded) as refused:
            await client.complete(call(now() + 9.0))
        assert refused.value.retry_after_s == 3.0
        began_s = now()
        with pytest.raises(ModelOverloaded):
            await client.complete(call(now() + 9.0))
        assert now() - began_s == pytest.approx(3.0, abs=0.1)

        slow = {name: ScriptedModel(lambda _: Turn(delay_s=50.0)) for name in NAMES}
        client = PooledClient([pool(*NAMES)], lambda endpoint: slow[endpoint.address])
        with pytest.raises(DeadlinePassed):
            await client.complete(call(now() + 2.0))
        asking = asyncio.ensure_future(client.complete(call(now() + 20.0)))
        await asyncio.sleep(1.0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert sum(model.tally.opened for model in slow.values()) == 2
        assert sum(model.tally.cancelled for model in slow.values()) == 2
        assert all(replica.limiter.in_flight.total() == 0 for replica in client.replicas)

    virtually(main)


def test_a_probe_that_breaks_ends_nobody() -> None:
    """Whatever it raises: the replica counts as not answering, and the probing goes on."""

    class Odd(ScriptedModel):
        async def probe(self) -> str:
            raise LookupError("unknown encoding: undefined")

    async def main() -> None:
        models = {"http://a": Odd(name="a"), "http://b": ScriptedModel(name="b")}
        client = PooledClient([Pool("main", tuple(Endpoint(url=url) for url in models))], lambda end: models[end.url])
        running = asyncio.ensure_future(client.run())
        await asyncio.sleep(60.0)
        assert not running.done()
        assert [each.usable for each in client.replicas] == [False, True]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    virtually(main)


def test_a_probe_tells_of_all_replicas() -> None:
    """One line of a single one; of many how many answer; none is away, a wrong one a mismatch."""

    async def main() -> None:
        models = {name: ScriptedModel(name=name) for name in NAMES}
        alone = PooledClient([pool("a:1")], lambda endpoint: models[endpoint.address])
        client = PooledClient([pool(*NAMES)], lambda endpoint: models[endpoint.address])
        assert await alone.probe() == "scripted model a:1"
        models["b:1"].away = True
        assert (await client.probe()).startswith("3 of 4 replicas answer: scripted model a:1; scripted model c:1")
        for model in models.values():
            model.away = True
        assert (await client.probe()).startswith("3 of 4")  # they were asked just now
        await asyncio.sleep(PROBE_EVERY_S)
        with pytest.raises(ModelUnavailable):
            await client.probe()
        await asyncio.sleep(PROBE_EVERY_S)
        models["d:1"].away, models["d:1"].mismatch = False, "another model"
        with pytest.raises(ContractMismatch, match="another model"):
            await client.probe()

    virtually(main)


@pytest.mark.parametrize("away", [False, True])
def test_probes_are_bounded(away: bool) -> None:  # noqa: FBT001 # drawn
    """However often it is asked for, a replica is probed once in five seconds at the most."""

    async def main() -> None:
        server = CountingServer(name="a:1")
        server.away = away
        client = PooledClient([pool("a:1")], lambda _: server)
        running = asyncio.ensure_future(client.run())
        for _ in range(120):
            await asyncio.gather(client.probe(), return_exceptions=True)
            await asyncio.sleep(0.5)
        assert 8 <= server.probes <= 13
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await client.close()

    virtually(main)


def test_a_replica_that_answers_is_not_probed() -> None:
    """Its answers say more than a probe could."""

    async def main() -> None:
        server = CountingServer(name="a:1")
        client = PooledClient([pool("a:1")], lambda _: server)
        running = asyncio.ensure_future(client.run())
        for _ in range(60):
            await client.complete(call(asyncio.get_running_loop().time() + 5.0, "s-1"))
            await asyncio.sleep(1.0)
        assert server.probes == 0
        await asyncio.sleep(15.0)
        assert server.probes >= 1
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await client.close()

    virtually(main)


@pytest.mark.slow
def test_a_late_first_token_is_hedged_within_the_budget() -> None:
    """With hedging, a replica that stalls now and then hurts less; at most a call in fifty is made twice."""

    async def run(*, hedging: bool) -> tuple[list[float], Counter[str]]:
        async with open_shop([pool(*NAMES)], four(spread=0.05), RoutingRules(hedging=hedging)) as shop:
            now, took = asyncio.get_running_loop().time, list[float]()
            for number in range(3_000):
                server = shop.servers[homes(NAMES)[f"shopper-{number % 60}"]]
                server.stall_s = 5.0 if number % 100 == 99 else 0.0
                began_s = now()
                await shop.client.complete(call(now() + 20.0, f"shopper-{number % 60}"))
                server.stall_s = 0.0
                took.append(now() - began_s)
            counts = Counter(hedges=sum(each.counts.hedges for each in shop.client.replicas))
            counts["calls"] = sum(each.counts.calls for each in shop.client.replicas)
            return sorted(took), counts

    plain, _ = virtually(lambda: run(hedging=False))
    hedged, counts = virtually(lambda: run(hedging=True))
    assert plain[int(len(plain) * 0.995)] > 5.0
    assert hedged[int(len(hedged) * 0.995)] < 3.0
    assert 0 < counts["hedges"] <= 0.02 * 3_000
    assert counts["calls"] == 3_000 + counts["hedges"]
