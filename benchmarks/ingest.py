"""Ingest: how fast one process drains a topic of events that are there already, beside others that do the same.

Equal work in pairs: every round runs each system once over the same events, in an order that turns from round to round.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from benchmarks import scarce_calls, systems
from benchmarks.intervals import Interval, interval, ratio, round_off
from benchmarks.load import Load, fill, make_topic
from benchmarks.scarce_calls import ScarcePlan
from benchmarks.servers import Servers
from benchmarks.session_bytes import bytes_per_session
from benchmarks.systems import OTHERS, OURS, System

WHOLE = "penchant"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What to measure. `events` of `shoppers` are compared, the `whole_` ones go to the worker with all its work."""

    events: int = 1_000_000
    shoppers: int = 10_000
    full_events: int = 1_000_000
    full_shoppers: int = 2_000
    partitions: int = 8
    rounds: int = 3
    full_rounds: int = 3
    sessions: int = 2_000
    scarce: ScarcePlan = scarce_calls.FULL
    others: Sequence[System] = OTHERS


QUICK = IngestPlan(events=40_000, full_events=200_000, rounds=1, full_rounds=1, sessions=300, scarce=scarce_calls.QUICK)


@dataclass(slots=True)
class Figures:
    """What the rounds came to, in their order: seconds on the clock and of processor time by system, and what the
    worker told."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu_s: dict[str, list[float]] = field(default_factory=dict)
    whole: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


async def run(plan: IngestPlan, stage: Servers, folder: Path, say: Say) -> dict[str, Any]:
    """The whole benchmark, with the log of its model server in `folder`; `say` takes lines for people."""
    systems.checkout()
    figures = Figures()
    compared = [OURS, *await _installed(plan.others, figures, say)]
    await _compare(plan, stage, compared, figures, say)
    await _work(plan, stage, figures, say)
    flink = [scarce_calls.FLINK] if any(system.name == scarce_calls.FLINK for system in compared) else []
    calls = await scarce_calls.measure(plan.scarce, stage, folder, [scarce_calls.PENCHANT, *flink], say)
    sizes = bytes_per_session(plan.sessions)
    return _summary(plan, figures) | {"scarce_calls": calls, "bytes_per_session": sizes}


def command(system: System, stage: Servers, topic: str, events: int) -> list[str]:
    """What folds so many events of a topic by a system."""
    script = str(systems.FOLDER / system.script)
    return [str(system.python), script, stage.kafka.address, topic, str(events), stage.word]


async def whole(stage: Servers, topic: str, events: int) -> dict[str, Any]:
    """Run a worker with all its work over a topic, from nothing."""
    await stage.forget()
    return await systems.measure(full_worker(stage, topic, events))


def full_worker(stage: Servers, topic: str, events: int) -> list[str]:
    """What runs a worker with all its work over a topic."""
    name = uuid4().hex[:8]
    settings = {
        "kafka": {"bootstrap": stage.kafka.address, "topic": topic, "group": name},
        "redis": {"url": stage.redis.url, "namespace": name, "timeout_s": 5.0},
    }
    words = (str(events), stage.word, orjson.dumps(settings).decode())
    return [sys.executable, "-m", "benchmarks.full_worker", *words]


def rate(figures: Mapping[str, Any]) -> float:
    """Events a second of a worker with all its work: by the time until all were taken in, or by the processor time
    until all were covered where that is longer, so that nothing is left for later."""
    return float(figures["events"] / max(figures["seconds"], figures["covered_cpu_s"]))


async def _installed(others: Sequence[System], figures: Figures, say: Say) -> list[System]:
    found = []
    for system in others:
        say(f"{system.name}: environment")
        if system.environment and (why := await system.environment.install()):
            figures.left_out[system.name] = why
            say(f"{system.name} is left out: {why}")
            continue
        found.append(system)
        if system.environment:
            figures.versions |= system.environment.version()
    return found


async def _compare(plan: IngestPlan, stage: Servers, compared: list[System], figures: Figures, say: Say) -> None:
    topic = f"compared-{uuid4().hex[:8]}"
    await make_topic(stage.kafka.address, topic, plan.partitions)
    await fill(stage.kafka.address, topic, Load(plan.events, plan.shoppers).records())
    digests = set()
    for number in range(plan.rounds):
        turn = number % len(compared)
        for system in (*compared[turn:], *compared[:turn]):
            told = await systems.measure(command(system, stage, topic, plan.events))
            digests.add(told["digest"])
            figures.seconds.setdefault(system.name, []).append(told["seconds"])
            figures.cpu_s.setdefault(system.name, []).append(told["cpu_s"])
            say(f"round {number + 1} of {plan.rounds}, {system.name}: {plan.events / told['seconds']:,.0f} events/s")
    if len(digests) > 1:
        raise AssertionError("the systems folded the same events to different sessions")


async def _work(plan: IngestPlan, stage: Servers, figures: Figures, say: Say) -> None:
    topic = f"whole-{uuid4().hex[:8]}"
    await make_topic(stage.kafka.address, topic, plan.partitions)
    await fill(stage.kafka.address, topic, Load(plan.full_events, plan.full_shoppers).records())
    for number in range(plan.full_rounds):
        told = await whole(stage, topic, plan.full_events)
        figures.whole.append(told)
        say(f"round {number + 1} of {plan.full_rounds}, {WHOLE} with all its work: {rate(told):,.0f} events/s")


def _summary(plan: IngestPlan, figures: Figures) -> dict[str, Any]:
    rates = {name: interval([plan.events / each for each in taken]) for name, taken in figures.seconds.items()}
    busy = {name: interval([plan.events / each for each in taken]) for name, taken in figures.cpu_s.items()}
    rates[WHOLE] = interval([rate(told) for told in figures.whole])
    busy[WHOLE] = interval([told["events"] / told["covered_cpu_s"] for told in figures.whole])
    ratios, busy_ratios = _ratios(figures.seconds), _ratios(figures.cpu_s)
    shown = {
        "events_per_second": rates,
        "ratio": ratios,
        "events_per_cpu_second": busy,
        "ratio_per_cpu_second": busy_ratios,
    }
    return {
        "measures": "drain",
        "plan": {name: value for name, value in asdict(plan).items() if name != "others"},
        **{name: {system: round_off(each.middle) for system, each in of.items()} for name, of in shown.items()},
        "intervals": {name: {system: each.bounds for system, each in of.items()} for name, of in shown.items()},
        "left_out": figures.left_out,
        "versions": figures.versions,
        "loop_lag_ms": figures.whole[-1]["loop_lag_ms"],
        "whole": figures.whole,
    }


def _ratios(taken: Mapping[str, list[float]]) -> dict[str, Interval]:
    """How many times as fast as each of the others we are, round by round."""
    return {name: ratio(theirs, taken[OURS.name]) for name, theirs in taken.items() if name != OURS.name}
