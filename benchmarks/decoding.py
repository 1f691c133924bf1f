"""Decoding: what reading one event costs in each dialect, beside the native one. The events are the same ones."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from benchmarks import native_events
from benchmarks.dialect_records import NAMES, TELLINGS, Sent
from benchmarks.intervals import interval, ratio, round_off
from penchant.offline.facts import facts
from sandbox.shop.catalogue import Catalogue
from streams.events.dialects import Dialect, dialect
from streams.events.event import Action, ShopperEvent

BATCH = 250
ALLOWED = 2.5
"""How many times as much as a native event one of another dialect may cost."""

PRODUCTS = 900
ACTIONS: Sequence[Action] = ("view", "view", "view", "click", "click", "cart_add", "purchase")
SINCE_MS = 1_714_550_000_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DecodingPlan:
    """What to measure."""

    events: int = 20_000
    rounds: int = 9


QUICK = DecodingPlan(events=5_000, rounds=3)


@dataclass(slots=True)
class _Recorded:
    records: list[Sent]
    reading: Dialect
    cpu_us: list[float] = field(default_factory=list)


async def run(plan: DecodingPlan, say: Say, *, quick: bool = False) -> dict[str, Any]:
    """Measure each dialect once in every round, in turns; the processor's time counts."""
    events = list(_events(plan.events))
    told = {
        name: _Recorded(
            [telling.tell(number, event) for number, event in enumerate(events)], dialect(telling.dialect, keyed=True)
        )
        for name, telling in TELLINGS.items()
    }
    names = list(TELLINGS)
    for number in range(plan.rounds + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            cost_us = _cost_us(name, told[name])
            if number:  # the first round warms up
                told[name].cpu_us.append(cost_us)
            await asyncio.sleep(0)  # so that it can be interrupted
        say(f"round {number} of {plan.rounds}")
    rows = {"decoding": [_row(name, told) for name in told]}
    rows["native_events"] = await native_events.measure(plan.events, plan.rounds)
    return facts("decoding", quick=quick) | {"allowed": ALLOWED} | rows


def _cost_us(name: str, told: _Recorded) -> float:
    records, reading = told.records, told.reading
    gc.collect()
    began_s, events = time.process_time(), 0
    for first in range(0, len(records), BATCH):
        events += len(reading.decode(records[first : first + BATCH]).events)
    spent_s = time.process_time() - began_s
    if events != len(records):
        raise AssertionError(f"{name}: {events} events of {len(records)} records")
    return spent_s / events * 1e6


def _row(name: str, told: dict[str, _Recorded]) -> dict[str, Any]:
    native, ours = told["native"], told[name]
    times = ratio(ours.cpu_us, native.cpu_us)
    return {
        "dialect": name,
        "cpu_us": round_off(interval(ours.cpu_us).middle),
        "times_native": round_off(times.middle),
        "times_native_interval": times.bounds,
        "bytes": round(sum(len(record.value or b"") for record in ours.records) / len(ours.records)),
    }


def _events(number: int) -> Iterator[ShopperEvent]:
    random = Random(1)
    products = [item for shelf in Catalogue(1, PRODUCTS).by_category.values() for item in shelf]
    for each in range(number):
        action = random.choice(ACTIONS)
        item = random.choice(products)
        name = f"{random.getrandbits(128):032x}"
        yield ShopperEvent(name, f"shopper-{each % 997:07}", action, SINCE_MS + each * 37, (item,))


if not NAMES.keys() >= set(ACTIONS):
    raise AssertionError("every action has a name in every dialect")
