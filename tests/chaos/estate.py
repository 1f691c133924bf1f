"""Estate: a topic of its own, a Redis Cluster with replicas, a model, and workers as processes before them."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from penchant.settings.root import Settings
from sandbox.servers import triton
from sandbox.servers.server import free_ports
from sandbox.servers.triton import TritonServer
from sandbox.shop.faults import spoil
from sandbox.shop.player import Player
from sandbox.shop.producer import EventProducer
from sandbox.shop.shoppers import ShopperTraffic
from tests.chaos.probes import Probes
from tests.chaos.processes import WorkerProcess
from tests.kafka import Kafka
from tests.redis_cluster import RedisCluster

PARTITIONS, SHOPPERS, RATE = 4, 120, 60.0
LAG_S = 4.0


@dataclass
class Estate:
    """All that runs. Its settings stand in `config`."""

    kafka: Kafka
    folder: Path
    settings: Settings
    cluster: RedisCluster
    workers: list[WorkerProcess] = field(default_factory=list)
    probes: Probes = field(default_factory=Probes)

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "penchant.toml"

    async def hire(self, module: str = "penchant.cli") -> WorkerProcess:
        """Start another worker; returns when it has joined."""
        name = f"worker-{len(self.workers)}"
        port = self.probes.ports[name] = free_ports(1)[0]
        worker = WorkerProcess(name, self.folder, self.config, {"PENCHANT_HEALTH__PORT": str(port)}, module)
        self.workers.append(worker)
        await worker.started()
        return worker

    async def dismiss(self, worker: WorkerProcess) -> None:
        """An orderly stop, as a deployment makes it."""
        worker.send(signal.SIGTERM)
        assert await worker.wait(30) == 0

    async def traffic(self, seconds: float) -> None:
        """Simulated shoppers, and what producers get wrong."""
        timeline = spoil(ShopperTraffic(7, SHOPPERS, RATE).events(), 7, bad=0.01, twice=0.02, late=0.02)
        async with EventProducer(self.settings.kafka.options, self.settings.kafka.topic) as sender:
            await Player(sender).play(timeline, seconds)


@asynccontextmanager
async def estate(kafka: Kafka, folder: Path) -> AsyncIterator[Estate]:
    """Everything but workers runs."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    topic, dead = await kafka.topic(PARTITIONS), await kafka.topic(1)
    async with AsyncExitStack() as stack:
        cluster = RedisCluster(folder / "redis", has_replicas=True, timeout_ms=3_000)
        await stack.enter_async_context(cluster)
        model = await stack.enter_async_context(TritonServer(folder / "model"))
        values = _values(kafka, topic, dead, cluster, model)
        made = Estate(kafka, folder, Settings.model_validate(values), cluster)
        made.config.write_text(_toml(values))
        try:
            yield made
        finally:
            for worker in made.workers:
                await asyncio.to_thread(worker.close)


def _values(
    kafka: Kafka, topic: str, dead: str, cluster: RedisCluster, model: TritonServer
) -> dict[str, dict[str, str | float | bool]]:
    group = uuid4().hex[:12]
    return {
        "kafka": {"bootstrap": kafka.bootstrap, "topic": topic, "group": group, "dead_letter_topic": dead,
                  "erasure_topic": f"{topic}.erasures", "session_timeout_s": 6, "commit_interval_s": 0.5},
        "redis": {"url": cluster.url, "namespace": group, "cluster": True},
        "model": {"url": model.grpc_address},
        "calls": {"deadline_s": 4},
        "commit": {"lag_s": LAG_S},
        "dead_letters": {"window_s": 2},
        "health": {"bound_s": 20},
    }  # fmt: skip


def _toml(values: dict[str, dict[str, str | float | bool]]) -> str:
    lines = []
    for section, entries in values.items():
        lines += [f"[{section}]", *(f"{name} = {orjson.dumps(value).decode()}" for name, value in entries.items())]
    return "\n".join(lines)
