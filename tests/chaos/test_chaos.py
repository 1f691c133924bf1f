"""Chaos on the real parts: Apache Kafka, redis-server, tritonserver, and workers as processes. Nothing is lost."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from redis.asyncio import Redis

from penchant.settings.root import Settings
from sandbox.servers import triton
from sandbox.servers.redis import RedisServer
from sandbox.servers.server import free_ports
from sandbox.servers.triton import TritonServer
from sandbox.shop.faults import spoil
from sandbox.shop.player import Player
from sandbox.shop.producer import EventProducer
from sandbox.shop.shoppers import ShopperTraffic
from tests.chaos.probes import Probes
from tests.chaos.processes import WorkerProcess
from tests.chaos.proxy import Proxy
from tests.chaos.settled import settled
from tests.chaos.truth import Truth, read
from tests.kafka import Kafka

PARTITIONS, SHOPPERS, RATE, SECONDS = 6, 150, 120.0, 46.0
LAG_S = 10.0
"""Far above the second by which the replica is behind: on a busy machine that second may take several."""

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton, pytest.mark.timeout(600)]


@dataclass
class Scene:
    """All that runs, and what was done to it."""

    kafka: Kafka
    folder: Path
    settings: Settings
    master: RedisServer
    replica: RedisServer
    proxy: Proxy
    model: TritonServer
    workers: list[WorkerProcess] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    died: list[str] = field(default_factory=list)
    probes: Probes = field(default_factory=Probes)

    def hire(self) -> WorkerProcess:
        """Start another worker."""
        path, name = self.folder / "penchant.toml", f"worker-{len(self.workers)}"
        port = self.probes.ports[name] = free_ports(1)[0]
        worker = WorkerProcess(name, self.folder, path, {"PENCHANT_HEALTH__PORT": str(port)})
        self.workers.append(worker)
        return worker


async def test_nothing_is_lost(real_kafka: Kafka, tmp_path: Path) -> None:
    """kill -9, a stopped zombie, a Redis restart, a fail-over to a replica that lags, and a Triton restart, all under
    load: then each shopper's context and intent are what the log says, all that is bad is in the dead-letter topic,
    and the lag is zero; and at no time did a worker call itself less than alive."""
    async with _scene(real_kafka, tmp_path) as scene:
        for worker in (scene.hire(), scene.hire()):
            await worker.started()
        async with asyncio.TaskGroup() as tasks:
            probing = tasks.create_task(scene.probes.run())
            faults = tasks.create_task(_faults(scene))
            await _traffic(scene)
            await faults
            probing.cancel()
        assert scene.probes.heard > SECONDS / 4  # of four in a second: the machine may be busy
        assert not scene.probes.failed
        truth = await read(real_kafka.bootstrap, scene.settings.kafka.topic, PARTITIONS)
        wrong = await settled(real_kafka, scene.settings, truth)
        print(_summary(scene, truth, wrong))  # noqa: T201 - shown with -s, and when it fails
        assert not wrong
        for worker in scene.workers:
            worker.send(signal.SIGTERM)
        ends = {worker.name: await worker.wait(60) for worker in scene.workers}
        assert ends == {"worker-0": -signal.SIGKILL, "worker-1": 0, "worker-2": 0}
        dead = await read(real_kafka.bootstrap, scene.settings.kafka.dead_letter_topic, 1)
        assert dead.ends[0] >= len(truth.refused) > 0


async def _traffic(scene: Scene) -> None:
    timeline = spoil(ShopperTraffic(7, SHOPPERS, RATE).events(), 7, bad=0.01, twice=0.02, late=0.02)
    async with EventProducer(scene.settings.kafka.options, scene.settings.kafka.topic) as sender:
        await Player(sender).play(timeline, SECONDS)


async def _faults(scene: Scene) -> None:
    """One fault after the other, with time between to notice and to recover."""
    await asyncio.sleep(8)
    await _do(scene, "kill -9 a worker", lambda: _signal(scene, 0, signal.SIGKILL))
    await asyncio.sleep(2)
    await _do(scene, "start a third", lambda: _hire(scene))
    await asyncio.sleep(5)
    await _do(scene, "stop a worker past its session", lambda: _signal(scene, 1, signal.SIGSTOP))
    await asyncio.sleep(9)
    await _do(scene, "let the zombie go on", lambda: _signal(scene, 1, signal.SIGCONT))
    await asyncio.sleep(4)
    await _do(scene, "restart Redis", scene.master.restart)
    await asyncio.sleep(6)
    await _do(scene, "fail over to a replica that lags", lambda: _fail_over(scene))
    await asyncio.sleep(5)
    await _do(scene, "kill Triton and start it again", lambda: _restart_model(scene))


async def _do(scene: Scene, what: str, action: Callable[[], object]) -> None:
    scene.done.append(what)
    await action()  # type: ignore[misc]  # all of them are coroutine functions


async def _signal(scene: Scene, worker: int, number: signal.Signals) -> None:
    scene.workers[worker].send(number)


async def _hire(scene: Scene) -> None:
    scene.hire()


async def _restart_model(scene: Scene) -> None:
    await scene.model.kill()
    await asyncio.sleep(2)
    await scene.model.start()


async def _fail_over(scene: Scene) -> None:
    """Let the replica fall behind by a second, then let it take over; the old master is gone."""
    async with Redis.from_url(scene.master.url) as master, Redis.from_url(scene.replica.url) as replica:
        await replica.replicaof("NO", "ONE")
        await asyncio.sleep(1.0)  # the master goes on and acknowledges what the replica will never see
        await master.aclose()
    await scene.master.kill()
    scene.proxy.point(scene.replica.address)


def _summary(scene: Scene, truth: Truth, wrong: list[str]) -> str:
    counts = Counter(len(entries) for entries in truth.events.values())
    events = sum(size * count for size, count in counts.items())
    return (
        f"chaos: {events} events of {len(truth.events)} shoppers, {len(truth.refused)} bad records; "
        f"{'; '.join(scene.done)}; wrong at the end: {wrong or 'nothing'}"
    )


@asynccontextmanager
async def _scene(kafka: Kafka, folder: Path) -> AsyncIterator[Scene]:
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    topic, dead = await kafka.topic(PARTITIONS), await kafka.topic(1)
    async with AsyncExitStack() as stack:
        master = await stack.enter_async_context(RedisServer(folder / "master", appendonly=True))
        replica = await stack.enter_async_context(RedisServer(folder / "replica"))
        async with Redis.from_url(replica.url) as client:
            await client.replicaof(*master.address.split(":"))
        proxy = await stack.enter_async_context(Proxy(master.address))
        model = await stack.enter_async_context(TritonServer(folder / "model"))
        values = _values(kafka, topic, dead, proxy, model)
        (folder / "penchant.toml").write_text(_toml(values))
        settings = Settings.model_validate(values)
        scene = Scene(kafka, folder, settings, master, replica, proxy, model)
        try:
            yield scene
        finally:
            for worker in scene.workers:
                worker.close()


def _values(
    kafka: Kafka, topic: str, dead: str, proxy: Proxy, model: TritonServer
) -> dict[str, dict[str, str | float | int]]:
    group = uuid4().hex[:12]
    return {
        "kafka": {"bootstrap": kafka.bootstrap, "topic": topic, "group": group, "dead_letter_topic": dead,
                  "session_timeout_s": 6, "commit_interval_s": 0.5},
        "redis": {"url": proxy.url, "namespace": group},
        "model": {"url": model.grpc_address},
        "calls": {"deadline_s": 4},
        "commit": {"lag_s": LAG_S},
        "dead_letters": {"window_s": 2},
        "health": {"bound_s": 30},
    }  # fmt: skip


def _toml(values: dict[str, dict[str, str | float | int]]) -> str:
    lines = []
    for section, entries in values.items():
        lines += [f"[{section}]", *(f"{name} = {orjson.dumps(value).decode()}" for name, value in entries.items())]
    return "\n".join(lines)
