"""Costs: the processor's time that a call costs in pools of one to ten thousand replicas. The model answers at once."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.instant_model import InstantModel
from benchmarks.intervals import round_off
from benchmarks.measuring import Report, Say
from clients.calls import Call, Class
from clients.limits.adaptive_limit import LimitRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.registry import RegistryRules
from penchant.offline.facts import facts

LATER_S = 3_600.0
ONE_CALL_EACH = RegistryRules(LimitRules(initial=1, most=1))
"""So that a slot for each replica fills the pool."""


@dataclass(frozen=True, slots=True)
class RoutingPlan:
    """What to measure: the median of rounds of so many calls, each of a shopper of its own."""

    replicas: tuple[int, ...] = (1, 10, 100, 1_000, 10_000)
    calls: int = 2_000
    rounds: int = 5


QUICK = RoutingPlan(calls=500, rounds=3)


async def run(plan: RoutingPlan, say: Say, *, quick: bool = False) -> Report:
    """A row for each size of a pool."""
    rows = []
    for replicas in plan.replicas:
        rows.append(await _row(plan, replicas))
        say(f"{replicas:,} replicas")
    return facts("routing", quick=quick) | {"routing": rows}


async def _row(plan: RoutingPlan, replicas: int) -> Mapping[str, Any]:
    row: dict[str, Any] = {"replicas": replicas}
    async with _pooled(replicas) as client:
        row["call_us"] = await _calls_us(plan, client)
        row["own_us"] = _grants_us(plan, client, "live", 0.0)
        row["others_us"] = _grants_us(plan, client, "live", 1.0)
        row["realtime_us"] = _grants_us(plan, client, "realtime", 0.0)
    async with _pooled(replicas, ONE_CALL_EACH) as client:
        row["full_us"] = _full_us(plan, client)
    return row


@asynccontextmanager
async def _pooled(replicas: int, rules: RegistryRules | None = None) -> AsyncIterator[PooledClient]:
    endpoints = tuple(Endpoint(url=f"10.0.{each // 250}.{each % 250}:8001") for each in range(replicas))
    client = PooledClient([Pool("bench", endpoints)], lambda _: InstantModel(), rules)
    try:
        yield client
    finally:
        await client.close()


async def _calls_us(plan: RoutingPlan, client: PooledClient) -> float:
    """Whole calls, from the line for a slot to the judgement of the replica."""
    spent = []
    for round_ in range(plan.rounds):
        calls = [_call(f"{round_}-{each}") for each in range(plan.calls)]
        gc.collect()
        began_s = time.process_time()
        for call in calls:
            await client.complete(call)
        spent.append((time.process_time() - began_s) / plan.calls * 1e6)
    return round_off(median(spent))


def _grants_us(plan: RoutingPlan, client: PooledClient, traffic_class: Class, passed_s: float) -> float:
    """The choice alone: a slot for shoppers who were not seen before, and giving it back."""

    def take(shopper: str) -> None:
        slot = client.router.grant(shopper, traffic_class, passed_s, passed_s)
        if slot is None:
            raise AssertionError("nothing is in flight, and there is no slot")
        slot.release()

    return _each_us(plan, f"{traffic_class}-{passed_s}", take)


def _full_us(plan: RoutingPlan, client: PooledClient) -> float:
    """Asking whether there is room while every replica has as many calls as it may."""
    for replica in client.replicas:
        if replica.limiter.acquire("live", asyncio.get_running_loop().time()) is None:
            raise AssertionError(f"{replica.name} takes no call")
    if client.router.room("live"):
        raise AssertionError("the pool is not full")
    return _each_us(plan, "full", lambda _: client.router.room("live"))


def _each_us(plan: RoutingPlan, name: str, act: Callable[[str], object]) -> float:
    spent = []
    for round_ in range(plan.rounds):
        shoppers = [f"{name}-{round_}-{each}" for each in range(plan.calls)]
        gc.collect()
        began_s = time.process_time()
        for shopper in shoppers:
            act(shopper)
        spent.append((time.process_time() - began_s) / plan.calls * 1e6)
    return round_off(median(spent))


def _call(shopper: str) -> Call:
    return Call(shopper, "what next?", asyncio.get_running_loop().time() + LATER_S, 64, shopper=shopper)
