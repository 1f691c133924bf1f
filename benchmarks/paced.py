"""Paced: a worker on a core of its own under a load that keeps a pace, on a real Kafka and Redis, from nothing."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson

from benchmarks.load import make_topic
from benchmarks.servers import Servers
from benchmarks.stamps import Stamps
from penchant.offline.facts import ROOT
from streams.errors import PlatformLacks

READY_WITHIN_S, END_WITHIN_S = 60.0, 150.0
SETTLE_S = 1.5
"""Between the worker's start and the load: it joins its group and imports what it has not yet."""

TOLD = 1_500
EVERY_EVENT = {"debounce_s": 0.0, "max_wait_s": 0.0, "min_interval_s": 0.0, "max_calls_per_hour": 1_000_000}
"""Triggers by which no call is held back: each event that asks for one is due at once."""


Watch = Callable[[int], Awaitable[None]]
"""Looks at the worker's process, by its id, while it works."""


async def nobody(_: int) -> None:
    """Looks at nothing."""


@dataclass(frozen=True, slots=True)
class Pace:
    """So many events a second for `seconds`, the first `warm_s` of which are not measured, of `shoppers`."""

    events_per_second: float
    seconds: float
    warm_s: float = 2.0
    shoppers: int = 2_000
    partitions: int = 8

    @property
    def events(self) -> int:
        """In all."""
        return round(self.events_per_second * self.seconds)


@dataclass(frozen=True, slots=True)
class Run:
    """What one worker came to. `worker` are the figures of benchmarks/paced_worker.py; `late_s` is by how much the
    producer missed its pace, `tail_s` how long after the last event all was covered."""

    pace: Pace
    worker: Mapping[str, Any]
    late_s: float
    tail_s: float
    stamps: Stamps = field(repr=False, default_factory=Stamps)

    @property
    def cpu_us(self) -> float:
        """Of the worker's processor time, for one event."""
        return float(self.worker["cpu_s"] / max(self.worker["events"], 1) * 1e6)

    @property
    def calls_per_event(self) -> float:
        """Below what the events ask for when calls were left out."""
        return float(self.worker["calls"] / max(self.worker["events"], 1))


async def run(stage: Servers, pace: Pace, model: Mapping[str, Any] | None = None, watch: Watch = nobody) -> Run:
    """One worker from its start until all is covered; `model` are its settings, None an instant one in the worker."""
    await stage.forget()
    name = uuid4().hex[:8]
    topic = f"paced-{name}"
    await make_topic(stage.kafka.address, topic, pace.partitions)
    settings = {
        "kafka": {"bootstrap": stage.kafka.address, "topic": topic, "group": name, "sample_records": 0},
        "redis": {"url": stage.redis.url, "namespace": name, "timeout_s": 5.0},
        "triggers": EVERY_EVENT,
        **({} if model is None else {"model": dict(model)}),
    }
    plan = {"settings": settings, "events": pace.events, "core": stage.core, "warm_s": pace.warm_s}
    words = orjson.dumps(plan | {"instant": model is None}).decode()
    figures, told = await _worker_and_load(stage, topic, pace, words, watch)
    return _run(pace, figures, told)


async def _worker_and_load(
    stage: Servers, topic: str, pace: Pace, plan: str, watch: Watch
) -> tuple[dict[str, Any], dict[str, Any]]:
    worker = await _start("benchmarks.paced_worker", plan)
    load: asyncio.subprocess.Process | None = None
    try:
        assert worker.stdout is not None
        async with asyncio.timeout(READY_WITHIN_S):
            if await worker.stdout.readline() != b"ready\n":
                await _end(worker)
        await asyncio.sleep(SETTLE_S)
        words = (stage.kafka.address, topic, pace.events_per_second, pace.events, pace.shoppers)
        load = await _start("benchmarks.paced_producer", *map(str, words))
        async with asyncio.timeout(pace.seconds + END_WITHIN_S):
            told, figures, _ = await asyncio.gather(_end(load), _end(worker), watch(worker.pid))
        return figures, told
    finally:
        for process in filter(None, (worker, load)):
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _start(module: str, *words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *words, env=environment, stdout=pipe, stderr=pipe
    )


async def _end(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The JSON object of its last line; PlatformLacks with what it said when it failed."""
    printed, said = await process.communicate()
    if process.returncode or not printed.strip():
        raise PlatformLacks(f"the bench's process ended with {process.returncode}: {said.decode()[-TOLD:].strip()}")
    figures: dict[str, Any] = orjson.loads(printed.splitlines()[-1])
    return figures


def _run(pace: Pace, figures: dict[str, Any], told: Mapping[str, Any]) -> Run:
    rows = figures.pop("stamps") | {stamp: told[stamp] for stamp in ("sent", "confirmed")}
    seconds = {stamp: {(partition, offset): at_s for partition, offset, at_s in each} for stamp, each in rows.items()}
    last_s = max(seconds["sent"].values())
    return Run(pace, figures, told["late_s"], figures["covered_s"] - last_s, Stamps(seconds))
