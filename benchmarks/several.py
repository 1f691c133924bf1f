"""Several: what a call costs in processor time with one worker and with several under one parent, by who spends it.

They are commands as operators start them. All of them share the machine's cores with their servers and the load, so
that it is no measure of how much is held: each worker gets the same rate, however many there are.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.answering import AnsweringServer
from benchmarks.load import make_topic
from benchmarks.paced import EVERY_EVENT
from benchmarks.servers import Servers
from penchant.offline.facts import ROOT, cores
from penchant.settings.root import DELIMITER, PREFIX
from sandbox.servers.server import LOOPBACK, Server
from streams.errors import PlatformLacks

Say = Callable[[str], None]
END_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class SeveralPlan:
    """So many workers in turns, `rounds` times, each at `rate` events a second. They have `settle_s` to share out the
    partitions before it begins; its first `warm_s` do not count."""

    workers: Sequence[int] = (1, 2)
    rate: float = 80.0
    seconds: float = 10.0
    settle_s: float = 8.0
    warm_s: float = 3.0
    rounds: int = 3
    shoppers: int = 2_000
    model_ms: float = 20.0
    partitions: int = 8


class WorkersCommand(Server):
    """`penchant worker --workers N`, by settings in the environment."""

    name = "workers"
    start_within_s, stop_within_s = 60.0, 25.0

    def __init__(self, folder: Path, workers: int, settings: Mapping[str, Mapping[str, object]]) -> None:
        super().__init__(folder)
        self._workers, self._settings = workers, settings

    def command(self) -> Sequence[str]:
        """The command."""
        return [sys.executable, "-m", "penchant.cli", "worker", "--workers", str(self._workers)]

    def environment(self) -> Mapping[str, str]:
        """The settings as variables."""
        values = {**self._settings, "health": {"port": self.ports[0]}, "log": {"level": "error"}}
        found = {
            f"{PREFIX}{section}{DELIMITER}{name}".upper(): str(value)
            for section, each in values.items()
            for name, value in each.items()
        }
        return os.environ | found | {"PYTHONPATH": str(ROOT)}

    async def healthy(self) -> bool:
        """All of them are ready."""
        return (await self._get("/ready"))[0] == 200

    def describe(self) -> str:
        """What it is."""
        return f"penchant worker --workers {self._workers}"

    async def totals(self) -> dict[str, float]:
        """The samples of /metrics by name, of all workers and labels together."""
        found: dict[str, float] = {}
        for family in text_string_to_metric_families((await self._get("/metrics"))[1]):
            for each in family.samples:
                found[each.name] = found.get(each.name, 0.0) + each.value
        return found

    async def taken_in(self, events: int) -> None:
        """Return when so many events have been, and nobody is owed anything. Looks seldom: a look costs as well."""
        while True:
            totals = await self.totals()
            if totals.get("penchant_events_total", 0) >= events and not totals.get("penchant_backlog_shoppers"):
                return
            await asyncio.sleep(1.0)

    async def _get(self, path: str) -> tuple[int, str]:
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                answer = await client.get(f"http://{LOOPBACK}:{self.ports[0]}{path}")
        except httpx.HTTPError:
            return 0, ""
        return answer.status_code, answer.text


async def measure(plan: SeveralPlan, stage: Servers, folder: Path, say: Say) -> dict[str, Any]:
    """The whole benchmark; `say` takes lines for people."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores())  # workers inherit it: nobody has a core of their own here
    rows: dict[int, list[dict[str, float]]] = {count: [] for count in plan.workers}
    async with AnsweringServer(folder, plan.model_ms / 1e3) as model:
        for _ in range(plan.rounds):
            for count in plan.workers:
                rows[count].append(await _round(plan, count, stage, model, folder / uuid4().hex[:8]))
                say(f"{count} at {plan.rate:g} events/s each: {_costs([rows[count][-1]])}")
        versions = {"model server": model.describe()}
    runs = [{"workers": count, **_costs(each)} for count, each in rows.items()]
    one, most = runs[0]["worker_us"], runs[-1]["worker_us"] + runs[-1]["parent_us"]
    return {"runs": runs, "ratio": round(most / one, 3), "rate_each": plan.rate, "versions": versions}


async def _round(
    plan: SeveralPlan, count: int, stage: Servers, model: AnsweringServer, folder: Path
) -> dict[str, float]:
    await stage.forget()
    await asyncio.to_thread(folder.mkdir)
    topic, rate = f"several-{folder.name}", plan.rate * count
    events = round(rate * plan.seconds)
    await make_topic(stage.kafka.address, topic, plan.partitions)
    settings: Mapping[str, Mapping[str, object]] = {
        "kafka": {"bootstrap": stage.kafka.address, "topic": topic, "group": topic, "sample_records": 0},
        "redis": {"url": stage.redis.url, "namespace": topic, "timeout_s": 5.0},
        "model": {"url": model.url, "dialect": "openai"},
        "triggers": EVERY_EVENT,
    }
    async with WorkersCommand(folder, count, settings) as workers, asyncio.timeout(plan.seconds + END_WITHIN_S):
        await asyncio.sleep(plan.settle_s)
        words = (stage.kafka.address, topic, rate, events, plan.shoppers)
        load = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.paced_producer",
            *map(str, words),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        await asyncio.sleep(plan.warm_s)
        before = await _spent(workers, count, stage, model)
        await load.communicate()
        if load.returncode:
            raise PlatformLacks(f"the load ended with {load.returncode}", "see what it says above")
        await workers.taken_in(events)
        after = await _spent(workers, count, stage, model)
    return {name: after[name] - before[name] for name in after}


async def _spent(workers: WorkersCommand, count: int, stage: Servers, model: AnsweringServer) -> dict[str, float]:
    """Calls, and seconds of processor time by who used them, so far."""
    totals = await workers.totals()
    return {
        "seconds": time.monotonic(),
        "calls": totals["penchant_calls_total"],
        "worker": totals["process_cpu_seconds_total"],
        "parent": _cpu_s(workers.pid) if count > 1 else 0.0,
        "redis": _cpu_s(stage.redis.pid),
        "kafka": _cpu_s(stage.kafka.pid),
        "model": (await model.cost())[0],
    }


def _cpu_s(pid: int | None) -> float:
    """What a process has used, by /proc; 0 where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _costs(rounds: Sequence[Mapping[str, float]]) -> dict[str, int]:
    """Microseconds a call by who spends them, of all rounds together."""
    calls = sum(each["calls"] for each in rounds)
    seconds = sum(each["seconds"] for each in rounds)
    spent = {name: sum(each[name] for each in rounds) for name in rounds[0] if name not in ("calls", "seconds")}
    return {
        "calls": round(calls),
        "seconds": round(seconds),
        **{f"{name}_us": round(each / max(calls, 1) * 1e6) for name, each in spent.items()},
    }
