"""Scarce calls: a topic is drained before a model that takes only so many calls at once.

Flink makes a call for each event that asks for one, by async I/O; Penchant owes each shopper one call, whose answer
knows all their events. Both end when nobody waits for a call or a write. `fresh` counts the shoppers whose answer to
their last event that asked was written last: Flink's job compares offsets as it writes, and of Penchant the intents in
Redis are read, of which those by rules do not count. The server is a minimal one on the other core
(benchmarks/answering.py), and does not count; nor does Redis.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

import orjson

from benchmarks import systems
from benchmarks.answering import AnsweringServer
from benchmarks.load import Load, fill, make_topic
from benchmarks.servers import Servers

Say = Callable[[str], None]
FLINK, PENCHANT = "flink", "penchant"


@dataclass(frozen=True, slots=True)
class ScarcePlan:
    """What to measure: `at_once` calls of `model_ms` each, in so many rounds in turns."""

    events: int = 60_000
    shoppers: int = 2_000
    at_once: int = 64
    model_ms: float = 20.0
    rounds: int = 3
    partitions: int = 8


FULL = ScarcePlan()
QUICK = ScarcePlan(events=5_000, rounds=1)


async def measure(
    plan: ScarcePlan, stage: Servers, folder: Path, names: Sequence[str], say: Say
) -> dict[str, dict[str, float]]:
    """By name the medians of the rounds; `say` takes lines for people."""
    topic = f"scarce-{uuid4().hex[:8]}"
    await make_topic(stage.kafka.address, topic, plan.partitions)
    await fill(stage.kafka.address, topic, Load(plan.events, plan.shoppers).records())
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    async with AnsweringServer(folder, plan.model_ms / 1e3) as model:
        for number in range(plan.rounds):
            for name in names if number % 2 == 0 else reversed(names):
                await stage.forget()
                command = _flink if name == FLINK else _penchant
                told = await systems.measure(command(plan, stage, topic, model))
                figures = row(told)
                rounds[name].append(figures)
                say(
                    f"scarce calls, {name}: {figures['us_per_call']:,.0f} us a call, {figures['calls']:,.0f} calls, "
                    f"{told['fresh']:,} of {told['shoppers']:,} shoppers have the answer to their last event that asked"
                )
    return {name: {key: median(each[key] for each in taken) for key in taken[0]} for name, taken in rounds.items()}


def row(told: Mapping[str, float]) -> dict[str, float]:
    """What one run comes to: microseconds of processor time a call, and fresh intents for a second of it."""
    return {
        "calls": told["calls"],
        "fresh": told["fresh"],
        "seconds": round(told["seconds"], 2),
        "cpu_s": round(told["cpu_s"], 2),
        "us_per_call": round(told["cpu_s"] / max(told["calls"], 1) * 1e6),
        "fresh_per_cpu_second": round(told["fresh"] / told["cpu_s"], 1),
    }


def _flink(plan: ScarcePlan, stage: Servers, topic: str, model: AnsweringServer) -> list[str]:
    script = str(systems.FOLDER / "peers" / "flink_calls.py")
    words = (topic, model.url, stage.redis.url, str(plan.at_once), stage.word)
    return [sys.executable, script, stage.kafka.address, *words]


def _penchant(plan: ScarcePlan, stage: Servers, topic: str, model: AnsweringServer) -> list[str]:
    name = uuid4().hex[:8]
    settings = {
        "kafka": {"bootstrap": stage.kafka.address, "topic": topic, "group": name, "sample_records": 0},
        "redis": {"url": stage.redis.url, "namespace": name, "timeout_s": 5.0},
        "model": {"url": model.url, "dialect": "openai"},
        "calls": {"max_in_flight": plan.at_once},
    }
    words = (str(plan.events), stage.word, orjson.dumps(settings).decode())
    return [sys.executable, "-m", "benchmarks.calling_worker", *words]
