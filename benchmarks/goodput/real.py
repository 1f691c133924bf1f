"""Real: the same traffic through a real Kafka, Redis and tritonserver in real time, beside virtual time.

The simulated GPU is the same arithmetic, once behind the embedded tritonserver and once behind the virtual clock.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agents.health.probes import Health
from agents.health.statistics import Meter
from agents.worker.instruments import Instruments
from benchmarks.goodput.freshness import Freshness
from benchmarks.goodput.pipeline import Noting, default_pipeline
from benchmarks.goodput.traffic import Traffic
from benchmarks.goodput.trial import MOST_STEPS, feed
from benchmarks.load import make_topic
from benchmarks.servers import Servers, servers
from penchant.offline.facts import facts
from penchant.offline.whatif.arrivals import Arrival, Record
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.clock import Clock
from sandbox.gpu.timing import Timing
from sandbox.servers.gpu_server import GpuServer, Serving
from sandbox.servers.triton import TritonServer
from sandbox.shop.producer import EventProducer

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RealModelPlan:
    """Events a second for so long; nothing is known of the shoppers before. The last intents may take `patience_s`."""

    rate: float = 10.0
    seconds: float = 60.0
    warm_s: float = 10.0
    patience_s: float = 20.0
    timing: Timing = field(default_factory=Timing)
    seed: int = 1

    def traffic(self) -> Traffic:
        """The events."""
        return Traffic(self.rate, self.seconds, self.seed, before_s=0.0)

    def freshness(self) -> Freshness:
        """Of the events after the first seconds, in which connections are made."""
        return Freshness(self.warm_s, self.seconds)


QUICK = RealModelPlan(seconds=20.0, warm_s=5.0)


async def run(plan: RealModelPlan, folder: Path, say: Say) -> dict[str, Any]:
    """Both, side by side. PlatformLacks where there is no tritonserver, or no Java for Kafka."""
    before = facts("goodput --real", quick=plan == QUICK)
    async with TritonServer(folder, timing=plan.timing) as triton, servers(folder) as stage:
        for topic in (Settings().kafka.topic, Settings().kafka.dead_letter_topic):
            await make_topic(stage.kafka.address, topic, 1)
        say(f"{plan.seconds:g} s in real time")
        real = await _real(plan, stage, triton)
        before["versions"] |= stage.components | {"tritonserver": triton.describe()}
    virtual = await asyncio.to_thread(virtually, plan)
    return before | {"rate": plan.rate, "seconds": plan.seconds, "real": real, "virtual": virtual}


def virtually(plan: RealModelPlan) -> dict[str, Any]:
    """The same in virtual time."""
    clock = Clock(most=MOST_STEPS)
    world = clock.process("world")
    freshness = plan.freshness()
    server = GpuServer("gpu", plan.timing, world, Serving())
    pipeline = default_pipeline({"gpus": [server]}, freshness.readable, world.time)

    async def main() -> None:
        running = asyncio.create_task(pipeline.run())
        await feed(pipeline, plan.traffic().arrivals, freshness)
        await asyncio.sleep(plan.patience_s)
        running.cancel()

    try:
        clock.run(world, main())
    finally:
        clock.bury()
    return _figures(freshness, pipeline.meter)


async def _real(plan: RealModelPlan, stage: Servers, triton: TritonServer) -> dict[str, Any]:
    settings, freshness = _settings(plan, stage, triton), plan.freshness()
    began_s: list[float] = []

    def now_s() -> float:
        return time.monotonic() - began_s[0]

    meter = Noting(freshness.readable, now_s)
    instruments = Instruments(Health(settings.health.bound_s), meter)
    kafka = settings.kafka
    async with worker(settings, instruments=instruments), EventProducer(kafka.options, kafka.topic) as producer:
        began_s.append(time.monotonic())
        for arrival in plan.traffic().arrivals:
            await asyncio.sleep(max(arrival.at_s - now_s(), 0.0))
            freshness.arrived(replace(arrival, at_s=now_s()))
            record = Record.of(_stamped(arrival))
            await producer.send(record.key, record.value)
        await producer.flush()
        await asyncio.sleep(plan.patience_s)
    return _figures(freshness, meter)


def _stamped(arrival: Arrival) -> Arrival:
    return replace(arrival, event=replace(arrival.event, time_ms=time.time_ns() // 1_000_000))


def _settings(plan: RealModelPlan, stage: Servers, triton: TritonServer) -> Settings:
    told: Mapping[str, Any] = {
        "kafka": {"bootstrap": stage.kafka.address, "group": "penchant-bench"},
        "redis": {"url": stage.redis.url},
        "model": {"url": triton.grpc_address, "tokens_per_block": plan.timing.block_tokens},
    }
    return Settings.model_validate(told)


def _figures(freshness: Freshness, meter: Meter) -> dict[str, Any]:
    freshness.close()
    return freshness.figures() | {
        "calls": meter.calls,
        "input_tokens": meter.input_tokens,
        "cached_share": round(meter.cached_tokens / max(meter.input_tokens, 1), 4),
        "output_tokens": meter.output_tokens,
    }
