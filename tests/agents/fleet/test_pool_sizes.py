"""One size a pool for all workers of a fleet."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.outcomes import Outcomes
from agents.fleet.judge import ExperimentJudge
from agents.fleet.pool_sizes import STALE_S, PoolSizes, learn_bars, stored_bars
from agents.fleet.switches import SwitchState
from agents.fleet.sync import EVERY_S, FleetSync
from clients.pools.active_set import ActiveSetRules, Bar
from clients.pools.client import PooledClient
from clients.pools.ejection import Fault
from clients.pools.router import RoutingRules
from sandbox.servers.fleet import MemoryFleet
from storage.fleet import PoolSize
from tests.clients.shops import pool
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel

SERVERS = tuple(f"10.0.0.{number}:8001" for number in range(1, 5))
BUDGET_S = 2.0
LOOK_S = 0.1


class Member:
    """One worker: it calls as the shop is busy, and says how it is once a second."""

    def __init__(self, name: str, store: MemoryFleet, noise: Random) -> None:
        self.client = PooledClient([pool(*SERVERS)], lambda _: ScriptedModel(), router=RoutingRules(call_budget_s=2.0))
        judge = ExperimentJudge(ActiveExperiments([]), Outcomes(), name)
        sizes = PoolSizes(self.client.router.active, name)
        self.sync = FleetSync(store, judge, SwitchState(), dict, lambda: round(_now() * 1e3), sizes=sizes)
        self.size, self._noise = 0, noise

    def serve(self, busy_s: float, *, urgent_s: float = 0.0) -> None:
        """A call of some length, the shorter, the more servers are at work; somebody urgent has waited for so long."""
        for replica in self.client.replicas:
            replica.outlier_detector.answered(_now(), busy_s / max(self.size, 1) * self._noise.uniform(0.7, 1.3))
        usable = self.client._registry.usable(_now())[0]
        self.client.router.active.of(usable, urgent_s, _now(), urgent=urgent_s > 0)
        self.size = sum(each.share == 1 for each in usable)


class Shop:
    """Workers that run beside each other, and what each second showed of them."""

    def __init__(self, workers: int = 5) -> None:
        self.store = MemoryFleet(_now)
        self.busy_s = 1.0
        self.members = [Member(f"w{number}", self.store, Random(number)) for number in range(workers)]
        self.sizes: list[int] = []
        self.apart_s = 0.0

    async def run(self, lasts_s: float, members: list[Member] | None = None) -> None:
        """All of them, or those that are left; their looks at the fleet are spread over a second."""
        members = members or self.members
        syncing = [asyncio.ensure_future(self._sync(each, number)) for number, each in enumerate(members)]
        apart_s, until_s = 0.0, _now() + lasts_s
        while _now() < until_s:
            await asyncio.sleep(LOOK_S)
            for each in members:
                each.serve(self.busy_s)
            sizes = {each.size for each in members}
            apart_s = apart_s + LOOK_S if len(sizes) > 1 else 0.0
            self.apart_s = max(self.apart_s, apart_s)
            self.sizes.append(max(sizes))
        for task in syncing:
            task.cancel()
        await asyncio.gather(*syncing, return_exceptions=True)

    async def _sync(self, member: Member, number: int) -> None:
        await asyncio.sleep(number / len(self.members) * EVERY_S)
        while True:
            await member.sync.look()
            await asyncio.sleep(EVERY_S)


def in_a_shop(main: Callable[[Shop], Awaitable[None]]) -> None:
    """In virtual time."""

    async def run() -> None:
        await main(Shop())

    virtually(run)


def _now() -> float:
    return asyncio.get_running_loop().time()


def test_workers_never_disagree_for_longer_than_a_sync() -> None:
    """While the load falls and grows again, and each measures its calls with noise: one size for all, never more than
    a step at once, and no step up sooner than ten seconds after the last, nor down than thirty."""

    async def main(shop: Shop) -> None:
        await shop.run(2.0)
        shop.apart_s, shop.sizes = 0.0, []
        for shop.busy_s in (1.0, 5.5, 0.5):
            await shop.run(150.0)
        assert shop.apart_s <= EVERY_S + 2 * LOOK_S
        steps = [(at, after - before) for at, (before, after) in enumerate(pairwise(shop.sizes)) if after != before]
        assert {step for _, step in steps} == {-1, 1}
        for (earlier, _), (at, step) in pairwise(steps):
            assert (at - earlier) * LOOK_S >= (10.0 if step > 0 else 30.0) - EVERY_S - LOOK_S
        assert shop.sizes[1_450] == 1
        assert max(shop.sizes[1_500:3_000]) == 3

    in_a_shop(main)


def test_nothing_flaps_under_noise() -> None:
    """Calls that are now a third longer, now a third shorter move nothing, once the set has come to rest."""

    async def main(shop: Shop) -> None:
        for shop.busy_s in (0.6, 2.2, 3.0, 4.6):
            await shop.run(200.0)
            assert len(set(shop.sizes[-600:])) == 1

    in_a_shop(main)


def test_who_puts_all_to_work_does_so_for_the_fleet() -> None:
    """Somebody urgent who waits at one worker, or a server that one has ejected: all servers for all, within two
    looks."""

    async def main(shop: Shop) -> None:
        member = shop.members[3]

        def wait() -> None:
            member.serve(1.0, urgent_s=0.5)

        def eject() -> None:
            member.client._registry.eject(member.client.replicas[1], Fault("probes", "away"), _now())

        for alarm in (wait, eject):
            await shop.run(150.0)
            assert {each.size for each in shop.members} == {1}
            alarm()
            await shop.run(2 * EVERY_S + 2 * LOOK_S)
            assert [each.size for each in shop.members[:3]] == [4, 4, 4]
            assert member.size == sum(each.usable for each in member.client.replicas)

    in_a_shop(main)


def test_the_one_that_has_just_gone_is_taken_back_by_the_fleet() -> None:
    """Somebody urgent waits at several workers soon after one fewer: for a second, that one is more for all of them.
    Where they still wait then, all servers are."""

    async def main(shop: Shop) -> None:
        await shop.run(100.0)
        assert {each.size for each in shop.members} == {1}
        for each in shop.members[1:4]:
            each.serve(1.0, urgent_s=0.5)
        shop.sizes = []
        await shop.run(2 * EVERY_S + 2 * LOOK_S)
        assert {each.size for each in shop.members} == set(shop.sizes) == {2}
        shop.members[2].serve(1.0, urgent_s=2.5)
        await shop.run(2 * EVERY_S + 2 * LOOK_S)
        assert {each.size for each in shop.members} == {4}
        assert all(each.client.router.active.bars("main").keys() == {1} for each in shop.members)

    in_a_shop(main)


class SlowFleet(MemoryFleet):
    """What is heard was true a moment before."""

    async def sync(self, *told: Any) -> Any:
        heard = await super().sync(*told)
        await asyncio.sleep(0.05)
        return heard


@pytest.mark.parametrize("ejected", [True, False])
def test_what_was_put_to_work_while_the_fleet_was_asked_is_not_lost(*, ejected: bool) -> None:
    """The fleet's word is older: the next one has it."""

    async def main(shop: Shop) -> None:
        shop.store = SlowFleet(_now)
        shop.members = [Member(f"w{number}", shop.store, Random(number)) for number in range(3)]
        await shop.run(75.0)
        assert {each.size for each in shop.members} == {2}
        member = next(each for each in shop.members if each.sync._judge.worker != shop.store.sizes["main"].who)
        asking = asyncio.ensure_future(member.sync.look())
        await asyncio.sleep(0.02)
        if ejected:
            member.client._registry.eject(member.client.replicas[0], Fault("calls", "fails"), _now())
        member.serve(1.0, urgent_s=0.0 if ejected else 0.5)
        await asking
        assert member.size == 3
        await shop.run(3 * EVERY_S)
        assert {each.size for each in shop.members if each is not member} == {4 if ejected else 3}
        assert member.size == 3
        assert all(bar.lasts_s == ActiveSetRules().bar_s for bar in member.client.router.active.bars("main").values())

    in_a_shop(main)


def test_a_worker_that_has_one_ejected_takes_back_one_for_the_fleet() -> None:
    """That one more is all that it has, is its own affair."""

    async def main(shop: Shop) -> None:
        await shop.run(10.0)
        member = shop.members[3]
        registry = member.client._registry
        registry.eject(member.client.replicas[3], Fault("probes", "away"), _now())
        member.client.replicas[3].outlier_detector._until_s = float("inf")
        await shop.run(75.0)
        assert {each.size for each in shop.members} == {2}
        member.serve(1.0, urgent_s=0.5)
        assert member.size == len(registry.usable(_now())[0]) == 3
        await shop.run(2 * EVERY_S + 2 * LOOK_S)
        assert {each.size for each in shop.members} == {3}

    in_a_shop(main)


def test_what_was_put_to_work_late_takes_nothing_back() -> None:
    """Others have put more to work meanwhile."""

    async def main(shop: Shop) -> None:
        await shop.run(100.0)
        member, held = shop.members[3], shop.store.sizes["main"]
        member.serve(1.0, urgent_s=0.5)
        assert (member.size, held.size) == (2, 1)
        assert await shop.store.resize("main", replace(held, serial=held.serial + 1, size=3))
        await member.sync.look()
        member.serve(1.0)
        assert shop.store.sizes["main"].size == member.size == 3

    in_a_shop(main)


def test_somebody_decides_when_who_did_is_gone() -> None:
    """Another one takes over where it was, and goes on."""

    async def main(shop: Shop) -> None:
        await shop.run(45.0)
        held = shop.store.sizes["main"]
        left = [each for each in shop.members if each.sync._judge.worker != held.who]
        await shop.run(STALE_S + 3 * EVERY_S, left)
        taken = shop.store.sizes["main"]
        assert taken.who != held.who
        assert taken.serial > held.serial
        assert taken.size == held.size == 3
        shop.apart_s = 0.0
        await shop.run(120.0, left)
        assert {each.size for each in left} == {1}
        assert shop.apart_s <= EVERY_S + 2 * LOOK_S

    in_a_shop(main)


def test_without_the_fleet_each_goes_by_its_own_look() -> None:
    """From where the fleet was; when it is heard again there is one size for all."""

    async def main(shop: Shop) -> None:
        await shop.run(45.0)
        shop.store.down = True
        await shop.run(150.0)
        assert {each.size for each in shop.members} == {1}
        shop.busy_s = 5.5
        await shop.run(60.0)
        assert min(each.size for each in shop.members) >= 2
        shop.store.down = False
        await shop.run(STALE_S)
        shop.apart_s = 0.0
        await shop.run(60.0)
        assert shop.apart_s <= EVERY_S + 2 * LOOK_S

    in_a_shop(main)


def test_a_worker_that_comes_takes_up_what_stands() -> None:
    """And puts nothing to work for the others."""

    async def main(shop: Shop) -> None:
        await shop.run(150.0, shop.members[:4])
        shop.sizes = []
        await shop.run(5.0, shop.members[:4])
        await shop.run(EVERY_S + LOOK_S, shop.members)
        assert {each.size for each in shop.members} == {1}
        assert shop.store.sizes["main"].size == 1

    in_a_shop(main)


def test_of_a_pool_that_is_gone_nothing_is_said() -> None:
    """Its servers are not idle, but none of ours."""

    async def main(shop: Shop) -> None:
        member = shop.members[0]
        member.serve(1.0)
        await member.client.reconfigure([pool(*SERVERS[:2], name="other")])
        member.serve(1.0)
        assert PoolSizes(member.client.router.active, "w0").loads().keys() == {"other"}

    in_a_shop(main)


class Needing(Member):
    """A worker at a shop where three servers are needed: with fewer somebody urgent waits, now at one worker and now at
    another, and calls take no longer. `waited_s` is when any of them did, if for the first time in some seconds."""

    def __init__(self, name: str, store: MemoryFleet, noise: Random, number: int, waited_s: list[float]) -> None:
        super().__init__(name, store, noise)
        self._turn, self._waited_s = number, waited_s

    def serve(self, busy_s: float, *, urgent_s: float = 0.0) -> None:
        self._turn += 1
        short = 0 < self.size < 3 and self._turn % 5 == 0
        if short and not (self._waited_s and _now() < self._waited_s[-1] + 5.0):
            self._waited_s.append(_now())
        super().serve(busy_s, urgent_s=0.5 if short else urgent_s)


@pytest.mark.parametrize("workers", [1, 5])
def test_what_was_too_small_is_known_to_whoever_decides_next(workers: int) -> None:
    """Who puts all to work decides from then on, and is somebody else each time."""

    async def main(_: Shop) -> None:
        shop, waited_s = Shop(workers), list[float]()
        shop.members = [Needing(f"w{at}", shop.store, Random(at), at, waited_s) for at in range(workers)]
        shop.busy_s = 0.6
        await shop.run(900.0)
        assert len(waited_s) == 3
        assert min(later - earlier for earlier, later in pairwise(waited_s)) >= ActiveSetRules().bar_s

    in_a_shop(main)


def test_a_bar_lasts_no_longer_for_a_store_whose_clock_has_gone_back() -> None:
    """By a day, with a failover to another host."""
    bars: dict[int, Bar] = {}
    learn_bars(bars, PoolSize(1, 3, "w1", 0, ((2, 120.0, 86_500_000),)), 100_000.0, 50.0)
    assert bars == {2: Bar(120.0, 170.0)}
    assert stored_bars(bars, 100_000.0, 50.0) == ((2, 120.0, 220_000),)
