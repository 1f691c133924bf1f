"""`penchant worker --workers 2`: two workers that are started, watched, scraped and stopped as one."""

import os
import re
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from penchant_reader import AsyncIntentReader

from penchant.settings.root import Settings
from sandbox.servers.server import LOOPBACK
from sandbox.servers.triton import TritonServer
from streams.sessions.positions import Position
from tests.e2e.conftest import MakeSettings
from tests.e2e.process import WorkerProcess
from tests.e2e.shop import events, partition_of, send, until
from tests.kafka import Kafka

PARTITIONS, SHOPPERS = 4, 12
NOBODY = "127.0.0.1:1"

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis]


@pytest.mark.triton
async def test_two_workers_are_one(
    kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Both have partitions and are scraped at one port; one that is killed is started again, and no event is lost;
    SIGTERM drains both, with exit status 0."""
    topic = await kafka.topic(PARTITIONS)
    settings = make_settings(kafka, topic, model_server.grpc_address, kafka={"instance_id": "host"})
    async with WorkerProcess(tmp_path, settings, workers=2) as process:
        await process.ready()
        await until(lambda: _all_owned(process, topic))
        last = await send(kafka, topic, PARTITIONS, events(SHOPPERS, 3))
        await until(lambda: _there(settings, last))
        assert await _counted(process, "penchant_events_total") == SHOPPERS * 3
        os.kill(_pids(process)[0], signal.SIGKILL)
        await until(lambda: _restarted(process, 1))
        await process.ready()
        others = [event for event in events(SHOPPERS * 2, 3) if event.shopper_id not in last]
        later = await send(kafka, topic, PARTITIONS, others)
        await until(lambda: _there(settings, _behind(last, later)))
        process.send(signal.SIGTERM)
        assert await process.ended() == 0
    stopped = [line["worker"] for line in process.lines() if line["event"] == "worker.stopped"]
    assert sorted(stopped) == [1, 2]
    assert process.events()[-1] == "workers.stopped"


async def test_settings_that_cannot_be_end_both(make_settings: MakeSettings, tmp_path: Path) -> None:
    """The second worker's port is taken: it says so, the first one ends in order, and the exit status is 2."""
    settings = make_settings(Kafka(NOBODY, "nobody"), "events", NOBODY)
    process = WorkerProcess(tmp_path, settings, workers=2)
    with socket.create_server((LOOPBACK, process.port + 2)):
        async with process:
            assert await process.ended(60) == 2
    said = process.said()
    assert f"penchant: health.port = {process.port + 2}: cannot listen" in said
    assert "penchant: worker 2 cannot run so" in said
    assert "worker.ended" not in process.events()


async def test_no_worker_outlives_its_parent(make_settings: MakeSettings, tmp_path: Path) -> None:
    """kill -9 of the parent: both workers end, in order."""
    settings = make_settings(Kafka(NOBODY, "nobody"), "events", NOBODY)
    async with WorkerProcess(tmp_path, settings, workers=2) as process:
        await until(lambda: _says(process, "start.waits", 2))
        assert (await process.get("/alive"))[0] == 200
        assert await process.get("/ready") == (
            503,
            '{"ok":false,"reasons":["worker 1: starting","worker 2: starting"]}',
        )
        process.send(signal.SIGKILL)
        await until(lambda: _says(process, "worker.stopped", 2))


def _pids(process: WorkerProcess) -> Sequence[int]:
    return [line["pid"] for line in process.lines() if line["event"] == "worker.process"]


async def _says(process: WorkerProcess, event: str, times: int) -> bool:
    return process.events().count(event) >= times


async def _all_owned(process: WorkerProcess, topic: str) -> bool:
    """Whether each worker reads half of the partitions."""
    _, page = await process.get("/metrics")
    pattern = rf'penchant_partition_lag_offsets{{partition="(\d)",topic="{topic}",worker="(\d)"}}'
    owned = re.findall(pattern, page)
    owners = [worker for _, worker in owned]
    return len({partition for partition, _ in owned}) == PARTITIONS and owners.count("1") == owners.count("2")


async def _counted(process: WorkerProcess, name: str) -> float:
    return sum([await process.metric(f'{name}{{worker="{number}"}}') for number in (1, 2)])


async def _restarted(process: WorkerProcess, number: int) -> bool:
    return await process.metric(f'penchant_worker_restarts_total{{worker="{number}"}}') == 1


def _behind(before: dict[str, int], later: dict[str, int]) -> dict[str, int]:
    """The offsets of `later` when these were sent to the topic first, in whose partitions each has its last event."""
    ends = dict.fromkeys(range(PARTITIONS), 0)
    for who, offset in before.items():
        number = partition_of(who, PARTITIONS)
        ends[number] = max(ends[number], offset + 1)
    return {who: offset + ends[partition_of(who, PARTITIONS)] for who, offset in later.items()}


async def _there(settings: Settings, last: dict[str, int]) -> bool:
    """Whether each shopper's intent is that of the last event."""
    expected = [str(Position(0, offset)) for offset in last.values()]
    async with AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=2) as reader:
        return [intent.position for intent in await reader.get_many(list(last))] == expected
