"""Next day: what `penchant whatif` foretells of a day from the recording of the day before, and what then happens.

Both days are minutes of the same simulated shop, with other shoppers. The first stands in a topic of a real Kafka, from
which the ways are played as the command does; some answers are asked for, so that their length is known. The cheapest
way that is fresh enough then runs the second day: a worker, Kafka, Redis, and a real tritonserver before the GPU.
Afterwards that day is played too, which tells how much of the difference is that between two days.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from agents.health.probes import Health
from agents.health.statistics import Meter
from agents.worker.instruments import Instruments
from benchmarks.goodput.traffic import Traffic
from benchmarks.load import make_topic
from benchmarks.servers import Servers, servers
from penchant.offline.estimate.reading import read_topic
from penchant.offline.eval.subjects import at
from penchant.offline.facts import facts
from penchant.offline.whatif.arrivals import EPOCH_MS, Arrival, Record, Recording, recorded
from penchant.offline.whatif.day import Played
from penchant.offline.whatif.figures import Figures, figures
from penchant.offline.whatif.real_answers import ask
from penchant.offline.whatif.run import compare
from penchant.offline.whatif.variant import Variant, variant
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.gpu.timing import Timing
from sandbox.servers.triton import TritonServer
from sandbox.shop.producer import EventProducer
from streams.kafka.producer import producing

Say = Callable[[str], None]

COMPARED = ("freshness_p50_s", "freshness_p95_s", "dollars_needed", "gpu_s", "calls", "calls_per_event", "cached_share",
            "prompt_tokens", "output_tokens", "fresh_share", "in_time_for_next")  # fmt: skip
WITHIN = 0.1
"""How far off freshness p95 and cost may be."""

AGO_S, LOOK_S = 7_200.0, 0.5
MOST, PER_HOUR, JOBS = 100_000, 4.0, 1


@dataclass(frozen=True, slots=True)
class NextDayPlan:
    """Events a second for so long each day, in real time; `sample` answers are asked for. Of the `ways` the cheapest is
    taken whose freshness p95 is below `fresh_s`. What is owed at the end may take `patience_s`."""

    rate: float = 8.0
    seconds: float = 120.0
    sample: int = 40
    ways: tuple[str, ...] = ("", "triggers.debounce_s=1", "triggers.debounce_s=5 triggers.max_wait_s=10")
    fresh_s: float = 8.0
    patience_s: float = 30.0
    timing: Timing = field(default_factory=Timing)
    seed: int = 1


QUICK = NextDayPlan(seconds=20.0, sample=10)


async def run(plan: NextDayPlan, folder: Path, say: Say, *, quick: bool) -> dict[str, Any]:
    """Foretold and real, side by side. PlatformLacks where there is no tritonserver, or no Java for Kafka."""
    report = facts("next-day", quick=quick)
    async with TritonServer(folder, timing=plan.timing) as triton, servers(folder) as stage:
        settings = _settings(plan, stage, triton)
        for topic in ("day-1", settings.kafka.topic, settings.kafka.dead_letter_topic):
            await make_topic(stage.kafka.address, topic, 1)
        await _record(plan, settings)
        recording = await _recording(settings)
        way, foretold = await _foretold(plan, settings, recording, triton, say)
        say(f"{plan.seconds:g} s of the next day in real time, with {way.name or 'the settings as they are'}")
        happened = await _happened(plan, way)
        [afterwards] = await compare(Recording(_traffic(plan, 2).arrivals, EPOCH_MS), [way], PER_HOUR, JOBS, say)
        report["versions"] |= stage.components | {"tritonserver": triton.describe()}
    rows = {
        name: {"foretold": foretold[name], "happened": happened[name], "afterwards": afterwards.figures[name]}
        for name in COMPARED
    }
    off = {name: _off(row["foretold"], row["happened"]) for name, row in rows.items()}
    held = all(abs(off[name] or 0.0) <= WITHIN for name in ("freshness_p95_s", "dollars_needed"))
    told = {"way": way.name, "answer_tokens": way.answer_tokens, "figures": rows, "off": off, "held": held}
    return report | {"plan": asdict(plan)} | told


async def _record(plan: NextDayPlan, settings: Settings) -> None:
    """The day before, into its topic, by its own times."""
    began_ms = time.time_ns() // 1_000_000 - round(AGO_S * 1e3)
    async with producing(settings.kafka.options) as producer:
        sent = []
        for arrival in _traffic(plan, 1).arrivals:
            record = Record.of(_at(arrival, began_ms + int(arrival.at_s * 1e3)), began_ms)
            sent.append(await producer.put("day-1", record.key, record.value, timestamp_ms=record.timestamp))
        await producer.acknowledged("day-1", sent)


async def _recording(settings: Settings) -> Recording:
    kafka = replace(settings.kafka, topic="day-1")
    sample = await read_topic(kafka, AGO_S / 60, MOST, None, settings.privacy)
    return recorded(sample.events, settings.session, MOST)


async def _foretold(
    plan: NextDayPlan, settings: Settings, recording: Recording, triton: TritonServer, say: Say
) -> tuple[Variant, Figures]:
    """The way to run the next day, and its figures by the day before."""
    tree = settings.model_dump(exclude_defaults=True)

    def load(overrides: Mapping[str, object]) -> Settings:
        return Settings.model_validate(_with(tree, overrides))

    made = [replace(variant(words, load), timing=plan.timing) for words in plan.ways]
    results = await compare(recording, made[:1], PER_HOUR, JOBS, say, plan.sample)
    client = at(settings, triton.grpc_address)
    try:
        answers = await ask(made[0], client, results[0].asked)
    finally:
        await client.close()
    length = round(answers["output_tokens"].real or made[0].answer_tokens)
    say(f"an answer has {length} tokens, {made[0].answer_tokens} were assumed")
    ways = [replace(each, answer_tokens=length) for each in made]
    found = [each.figures for each in await compare(recording, ways, PER_HOUR, JOBS, say)]
    pairs = zip(ways, found, strict=True)
    fresh = [(way, rows) for way, rows in pairs if (rows["freshness_p95_s"] or 0.0) <= plan.fresh_s]
    return min(fresh or [(ways[0], found[0])], key=lambda pair: pair[1]["dollars_needed"] or 0.0)


async def _happened(plan: NextDayPlan, way: Variant) -> Figures:
    """The second day, by the same figures of what the worker itself counted."""
    settings, meter = way.settings, Meter()
    instruments = Instruments(Health(settings.health.bound_s), meter)
    kafka = settings.kafka
    async with (
        worker(settings, instruments=instruments) as running,
        EventProducer(kafka.options, kafka.topic) as producer,
    ):
        began_s = time.monotonic()
        for arrival in _traffic(plan, 2).arrivals:
            await asyncio.sleep(max(arrival.at_s - (time.monotonic() - began_s), 0.0))
            record = Record.of(_at(arrival, time.time_ns() // 1_000_000))
            await producer.send(record.key, record.value)
        await producer.flush()
        until_s, events = time.monotonic() + plan.patience_s, len(_traffic(plan, 2).arrivals)
        while time.monotonic() < until_s and (meter.events < events or running.backlog or meter.in_flight):  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(LOOK_S)
        await asyncio.sleep(LOOK_S)
        left = len(running.backlog)
    return figures(Played(meter, plan.seconds, left, None, 1), way, PER_HOUR)


def _traffic(plan: NextDayPlan, day: int) -> Traffic:
    return Traffic(plan.rate, plan.seconds, seed=plan.seed + day - 1, before_s=0.0)


def _at(arrival: Arrival, time_ms: int) -> Arrival:
    return replace(arrival, event=replace(arrival.event, time_ms=time_ms))


def _settings(plan: NextDayPlan, stage: Servers, triton: TritonServer) -> Settings:
    told: Mapping[str, Any] = {
        "kafka": {"bootstrap": stage.kafka.address, "topic": "day-2", "group": "penchant-bench"},
        "redis": {"url": stage.redis.url},
        "model": {"url": triton.grpc_address, "tokens_per_block": plan.timing.block_tokens},
    }
    return Settings.model_validate(told)


def _with(tree: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    """The settings with some of them, by full name, replaced."""
    made = {section: {**each} if isinstance(each, dict) else each for section, each in tree.items()}
    for name, value in overrides.items():
        section, _, key = name.partition(".")
        made.setdefault(section, {})[key] = value
    return made


def _off(foretold: float | None, happened: float | None) -> float | None:
    """By which share of what happened it was foretold too high; None where that cannot be said."""
    return None if foretold is None or not happened else round(foretold / happened - 1, 4)
