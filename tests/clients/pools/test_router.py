"""The router in a pool of more replicas than it looks at for one call."""

import asyncio

import pytest

from clients.calls import Class
from clients.limits.adaptive_limit import LimitRules
from clients.pools.active_set import ActiveSetRules
from clients.pools.client import PooledClient
from clients.pools.registry import PEERS, RegistryRules
from clients.pools.router import LOOK, RoutedSlot, RoutingRules
from tests.clients.shops import pool
from tests.clients.virtual import call, virtually
from tests.fakes.model import ScriptedModel

NAMES = tuple(f"10.0.0.{number}:8001" for number in range(5 * LOOK))
ONE_CALL_EACH = RegistryRules(LimitRules(initial=1, most=1))


def large() -> PooledClient:
    """Five times as many replicas as are looked at, each for one call."""
    return PooledClient([pool(*NAMES)], lambda _: ScriptedModel(), ONE_CALL_EACH)


def take(client: PooledClient, shopper: str) -> RoutedSlot | None:
    """A slot for somebody who takes any."""
    return client.router.grant(shopper, "live", 1.0, 1.0)


def test_a_pool_fills_up_to_its_last_slot() -> None:
    """Shoppers who take any slot fill nearly all; when all are full there is no room; one given back is found at
    once, wherever it is, and taken by somebody who looks at it."""

    async def main() -> None:
        client = large()
        slots = [slot for each in range(20 * len(NAMES)) if (slot := take(client, f"shopper-{each}")) is not None]
        assert len(slots) == len(NAMES)
        assert not any(client.router.room("live") for _ in NAMES)
        slots[7].release()
        assert client.router.room("live")
        assert any(take(client, f"later-{each}") is not None for each in range(20 * len(NAMES)))
        assert not client.router.room("live")

    virtually(main)


def test_a_slot_that_comes_free_by_the_time_alone_is_found() -> None:
    """By looking at some replicas after the others: nobody gave it back through the router."""

    async def main() -> None:
        client, now_s = large(), asyncio.get_running_loop().time()
        held = [replica.limiter.acquire("live", now_s) for replica in client.replicas]
        assert not any(client.router.room("live") for _ in NAMES)
        if (slot := held[3 * LOOK]) is not None:
            slot.release()
        assert any(client.router.room("live") for _ in range(5))

    virtually(main)


def test_a_pool_is_looked_through_beside_another() -> None:
    """Each in its own turns: those of a smaller pool begin nothing anew in a larger one."""

    async def main() -> None:
        others = [f"10.1.0.{number}:8001" for number in range(LOOK + 4)]
        pools = [pool(*NAMES), pool(*others, name="others")]
        client = PooledClient(pools, lambda _: ScriptedModel(), ONE_CALL_EACH)
        now_s = asyncio.get_running_loop().time()
        held = [replica.limiter.acquire("live", now_s) for replica in client.replicas]
        if (slot := held[len(NAMES) - 1]) is not None:
            slot.release()
        assert any(client.router.room("live") for _ in range(5))

    virtually(main)


def test_a_call_that_cannot_wait_goes_where_little_runs() -> None:
    """To a replica without a call, as long as the ones that are looked at have any."""

    async def main() -> None:
        client = PooledClient([pool(*NAMES)], lambda _: ScriptedModel())
        busy = [each.limiter.acquire("live", 0.0) for each in client.replicas[::2]]
        for number in range(10):
            slot = client.router.grant(f"shopper-{number}", "realtime", 0.0, 0.0)
            assert slot is not None
        idle = client.replicas[1::2]
        assert len(busy) + len(idle) == len(NAMES)
        assert sum(each.limiter.in_flight["realtime"] for each in idle) == 10

    virtually(main)


def test_a_slow_replica_is_found_among_many() -> None:
    """Though it is compared with some of its peers, in turns."""

    async def main() -> None:
        client = PooledClient([pool(*NAMES)], lambda _: ScriptedModel())
        for replica in client.replicas:
            for _ in range(40):
                replica.outlier_detector.answered(0.0, 5.0 if replica is client.replicas[3] else 1.0)
        registry = client.router.registry
        for replica in client.replicas[:6]:
            registry.judge(replica, 0.0)
        assert [each.state for each in client.replicas[:6]] == ["in", "in", "in", "out", "in", "in"]

    virtually(main)


def test_one_quick_peer_does_not_make_the_others_slow() -> None:
    """Each is held against as many peers as any other, wherever its turn begins: the median is of sixteen."""

    async def main() -> None:
        client = PooledClient([pool(*NAMES[: PEERS + 1])], lambda _: ScriptedModel())
        for replica in client.replicas:
            for _ in range(40):
                replica.outlier_detector.answered(0.0, 0.2 if replica is client.replicas[-1] else 1.0)
        for replica in client.replicas:
            client.router.registry.judge(replica, 0.0)
        assert all(each.usable for each in client.replicas)

    virtually(main)


async def one_of_two_at_work(beat_s: float = 0.0) -> PooledClient:
    """One call for each server; the idle one has been so for a minute."""
    client = PooledClient(
        [pool("10.0.0.1:8001", "10.0.0.2:8001")], lambda _: ScriptedModel(), ONE_CALL_EACH,
        RoutingRules(call_budget_s=2.0 + beat_s, beat_s=beat_s),
    )  # fmt: skip
    for _ in range(90):
        for replica in client.replicas:
            replica.outlier_detector.answered(asyncio.get_running_loop().time(), 0.1)
        if slot := client.router.grant("somebody", "live", 0.0, 0.0):
            slot.release()
        await asyncio.sleep(1)
    assert [replica.share for replica in client.replicas] == [1, 0]
    return client


@pytest.mark.parametrize("traffic_class", ["live", "realtime"])
def test_whoever_waits_for_servers_that_hang_gets_an_idle_one(traffic_class: Class) -> None:
    """Nothing comes free at those that are at work, so nobody would be asked."""

    async def main() -> None:
        client, now_s = await one_of_two_at_work(), asyncio.get_running_loop().time()
        assert client.router.grant("hangs", "live", 0.0, 0.0) is not None
        await client.complete(call(now_s + 30, "ada", traffic_class))
        assert asyncio.get_running_loop().time() < now_s + 1
        assert [replica.counts.calls for replica in client.replicas] == [0, 1]

    virtually(main)


def test_a_dispatcher_is_told_of_idle_servers_when_those_at_work_hang() -> None:
    """It looks at who is due only when there is room; who that is decides."""

    async def main() -> None:
        client = await one_of_two_at_work()
        slots = client.slots("live", "v1")
        assert client.router.grant("hangs", "live", 0.0, 0.0) is not None
        assert not slots.room()
        await asyncio.sleep(0.3)
        assert not slots.room()
        await asyncio.sleep(0.2)
        assert slots.room()
        assert slots.grant("ada", 0.1, 1.0) is None
        assert slots.grant("ada", 0.5, 1.0) is None
        await asyncio.sleep(RoutingRules().locality_wait_s + 0.01)
        assert slots.grant("ada", 0.7, 1.0) is not None
        assert not slots.room()

    virtually(main)


def test_servers_that_were_full_once_are_not_so_for_ever() -> None:
    """What counts is how long it is since a slot was found, by a look or by who took one."""

    async def main() -> None:
        client = await one_of_two_at_work()
        for found_by_a_look in (True, False):
            held = client.router.grant("first", "live", 0.0, 0.0)
            assert held is not None
            assert not client.router.room("live")
            held.release()
            await asyncio.sleep(10)
            if found_by_a_look:
                assert client.router.room("live")
            assert client.router.grant("second", "live", 0.0, 0.0) is not None
            assert not client.router.room("live")
            client.router.released = None
            for replica in client.replicas:
                replica.limiter.running = 0

    virtually(main)


def test_between_two_beats_nobody_is_offered_an_idle_server() -> None:
    """They wait for the beat, and nothing hangs."""

    async def main() -> None:
        client = await one_of_two_at_work(beat_s=1.5)
        found = 0
        for _ in range(300):
            found += client.router.room("live")
            await asyncio.sleep(0.05)
        assert 0 < found < 60

    virtually(main)


def test_realtime_calls_leave_a_server_first() -> None:
    """It is the one where least runs, and is to become idle."""

    async def main() -> None:
        client = await one_of_two_at_work()
        one, other = client.replicas
        one.share, other.share = 0.5, 1.0
        client.router.rules = RoutingRules()
        client.router.active.rules = ActiveSetRules()
        slots = [client.router.grant("ada", "realtime", 0.0, 0.0), client.router.grant("ada", "realtime", 0.0, 0.0)]
        assert (one.limiter.running, other.limiter.running) == (1, 1)
        assert slots[0] is not None
        assert slots[0]._replica is other

    virtually(main)
