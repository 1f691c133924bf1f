"""Matching: one packed call for twenty candidates, beside live traffic at half of what the servers take, in virtual
time. The prompts are the real ones, of a simulated shop's cards and intents; the client is that of a use case."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.goodput.sharing import ended, side
from benchmarks.goodput.traffic import Traffic
from benchmarks.goodput.trial import MOST_STEPS, Span, Trial
from clients.calls import Call, Completion
from clients.limits.adaptive_limit import LimitRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.registry import RegistryRules
from penchant.offline.facts import facts
from prompts.matching import CODES, MAX_TOKENS, VERSION, match_prompt
from prompts.products.asking import ProductPrompts
from prompts.products.cards import understood
from prompts.products.grounding import ground_product, parse_product
from prompts.vocabulary import DEFAULT_VOCABULARY
from sandbox.clock import Clock
from sandbox.gpu.simulated_model import answer
from sandbox.gpu.timing import Timing
from sandbox.servers.gpu_server import GpuServer, Serving
from sandbox.shop.catalogue import Catalogue
from streams.errors import DeadlinePassed, ModelUnavailable
from streams.events.event import Item
from streams.records.cards import Card
from streams.records.intents import Intent, Mission, PriceBand, Weighted, Window
from streams.records.products import Product

HALF_LIMIT = 19.0
"""Events a second that are half of what four servers hold (`limits` in results/goodput.json)."""

DEADLINE_S = 5.0
AIMS_MS = {"p95": 150.0, "p99": 300.0}
MOST_COMPUTED = 330
MOST_LIVE_TIMES = 1.1
MOST_GPU_TIMES = 1.05

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MatchPlan:
    """What to measure: `per_call` matches for each call of live traffic."""

    rate: float = HALF_LIMIT
    per_call: float = 0.5
    replicas: int = 4
    seeds: tuple[int, ...] = (1, 2, 3)
    span: Span = field(default_factory=lambda: Span(15.0, 45.0, 8.0))
    timing: Timing = field(default_factory=Timing)


QUICK = MatchPlan(seeds=(1,), span=Span(10.0, 20.0, 5.0))


async def run(plan: MatchPlan, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people."""
    report = facts("match", quick=plan == QUICK)
    rounds = []
    for seed in plan.seeds:
        alone = await asyncio.to_thread(_round, plan, seed, 0.0)
        rate = plan.per_call * alone["live"]["calls"] / plan.span.measured_s
        beside = await asyncio.to_thread(_round, plan, seed, rate)
        rounds.append({"seed": seed, "matches_per_second": round(rate, 2), "alone": alone, "beside": beside})
        say(f"seed {seed}: p95 {beside['match']['p95_ms']} ms, live p95 {_times(rounds[-1])} times")
    return report | {"rate": plan.rate, "replicas": plan.replicas, "rounds": rounds, "aims": _aims(rounds)}


def _aims(rounds: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The worst of all seeds beside each aim."""
    matches = [each["beside"]["match"] for each in rounds]
    found = {
        "p95 in ms": (max(each["p95_ms"] for each in matches), AIMS_MS["p95"]),
        "p99 in ms": (max(each["p99_ms"] for each in matches), AIMS_MS["p99"]),
        "computed tokens a match": (max(each["computed_tokens"] for each in matches), MOST_COMPUTED),
        "live freshness p95, times alone": (max(map(_times, rounds)), MOST_LIVE_TIMES),
        "GPU seconds, times alone": (max(map(_gpu_times, rounds)), MOST_GPU_TIMES),
    }
    return {name: {"found": value, "aim": aim, "met": value <= aim} for name, (value, aim) in found.items()}


def _times(found: dict[str, Any]) -> float:
    alone, beside = (found[name]["live"]["freshness_s"]["p95"] for name in ("alone", "beside"))
    return round(float(beside / alone), 3)


def _gpu_times(found: dict[str, Any]) -> float:
    alone, beside = (found[name]["live"]["gpu_s"] for name in ("alone", "beside"))
    return round(float(beside / alone), 3)


def _round(plan: MatchPlan, seed: int, matches_per_second: float) -> dict[str, Any]:
    """Live traffic, and matches beside it where there are any."""
    clock = Clock(most=MOST_STEPS)
    world = clock.process("world")
    servers = [GpuServer(f"gpu{number}", plan.timing, world, Serving()) for number in range(plan.replicas)]
    told: dict[str, Any] = {}
    trial = Trial("penchant", plan.rate, operator=None, operator_tokens=0, span=plan.span, seed=seed)  # type: ignore[arg-type] # no operator's system takes part
    trial = replace(trial, timing=plan.timing, replicas=plan.replicas)
    live = side("live", Traffic(plan.rate, plan.span.end_s, seed), None, trial, servers, told, world.time)
    tasks = [clock.process("live").create_task(live)]
    if matches_per_second:
        beside = _matches(plan, seed, matches_per_second, servers, told)
        tasks.append(clock.process("match").create_task(beside))
    try:
        clock.run(world, ended(tasks))
    finally:
        clock.bury()
    return told


async def _matches(
    plan: MatchPlan, seed: int, per_second: float, servers: Sequence[GpuServer], told: dict[str, Any]
) -> None:
    """Matches at random times, each of another shopper and other products; those of the measured time count."""
    dice, shop = random.Random(seed), _Shop(seed)
    pool = Pool("gpus", tuple(Endpoint(url=f"http://{each.name}") for each in servers))
    clients = {each.name: each for each in servers}
    pooled = PooledClient([pool], lambda each: clients[each.address], RegistryRules(LimitRules()))
    now = asyncio.get_running_loop().time
    took: list[float] = []
    computed: list[int] = []
    late = 0

    async def one(prompt: str, number: int) -> None:
        nonlocal late
        began_s = now()
        call = Call(
            f"m-{number}", prompt, began_s + DEADLINE_S, MAX_TOKENS, f"s-{number}", "realtime", prompt_version=VERSION
        )
        try:
            done = await pooled.complete(call)
        except (ModelUnavailable, DeadlinePassed):
            late += 1
            return
        if plan.span.warm_s <= began_s <= plan.span.until_s:
            took.append((now() - began_s) * 1e3)
            computed.append(_computed(done))

    async with asyncio.TaskGroup() as tasks:
        number = 0
        while now() < plan.span.until_s:
            await asyncio.sleep(dice.expovariate(per_second))
            tasks.create_task(one(shop.prompt(dice), number))
            number += 1
    await pooled.close()
    p50, p95, p99 = (round(float(each), 1) for each in np.percentile(took, (50, 95, 99)))
    told["match"] = {
        "matches": len(took), "failed": late, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99,
        "computed_tokens": round(fmean(computed), 1),
    }  # fmt: skip


def _computed(done: Completion) -> int:
    return (done.input_tokens or 0) - (done.cached_tokens or 0)


class _Shop:
    """Prompts of a simulated shop: twenty products of which some are of the kind that the shopper looks for."""

    def __init__(self, seed: int) -> None:
        self._catalogue = Catalogue(seed)
        prompts = ProductPrompts(DEFAULT_VOCABULARY)
        self._cards = {item.id: _card(_product(item), prompts) for item in self._catalogue.items}

    def prompt(self, dice: random.Random) -> str:
        """One for another shopper."""
        items = dice.sample(self._catalogue.items, len(CODES))
        cards = [self._cards[item.id] for item in items]
        return match_prompt(_intent(dice, cards), cards)


def _intent(dice: random.Random, cards: Sequence[Card]) -> Intent:
    """Of a shopper who looks at three kinds and three brands."""
    names, brands = ([getattr(card, what) for card in dice.sample(cards, 3)] for what in ("category", "brand"))
    return Intent(
        mission=Mission(label="research"), stage="compare", shopper="s",
        categories=tuple(Weighted(name=name, weight=0.3) for name in names),
        brands=tuple(Weighted(name=name, weight=0.3) for name in brands),
        price_band=PriceBand(low=float(dice.randint(10, 90)), high=float(dice.randint(100, 300)), currency="EUR"),
        window=Window(from_ms=0, to_ms=0, events=9), as_of_ms=0, written_at_ms=0, source="rules", position="0:0:0",
    )  # fmt: skip


def _card(product: Product, prompts: ProductPrompts) -> Card:
    """As `penchant products run --simulated` makes it."""
    parts = prompts.prompts(product)
    grounded = [ground_product(parse_product(answer(part.text)), part, prompts.vocabulary) for part in parts]
    return understood(product, grounded).card


def _product(item: Item) -> Product:
    return Product(
        item.id, item.title or "", "", (), item.category or "", item.brand or "", item.price, item.currency or ""
    )
