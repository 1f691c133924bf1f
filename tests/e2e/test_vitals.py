"""What a running worker sees of itself."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.health.snapshot import Vitals
from penchant.worker.app import Worker, worker
from sandbox.servers.redis import RedisServer
from streams.events.decoding import encode
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send
from tests.fakes.model import ScriptedModel
from tests.kafka import Kafka
from tests.until import until

ANSWER = '{"m":"gift","t":"Something for somebody","c":[[1,9]],"k":9,"e":[1]}'
NOBODY = "127.0.0.1:1"
CROWD = 3_000

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def seen(running: Worker, holds: Callable[[Vitals], object]) -> Callable[[], object]:
    """Whether something holds for what the worker sees now."""

    def look() -> object:
        vitals = running.instruments.health.vitals
        return vitals is not None and holds(vitals)

    return look


async def test_transaction_markers_are_no_lag(real_kafka: Kafka, make_settings: MakeSettings) -> None:
    """After events that came in a transaction, whose end takes an offset of its own: no lag, nothing uncovered, the
    whole partition committed, ready and alive."""
    topic = await real_kafka.topic(1)
    sent = events(3, 4)
    keys = [event.shopper_id.encode() for event in sent]
    await real_kafka.produce(topic, map(encode, sent), keys=keys, transactional=True)
    settings = make_settings(real_kafka, topic, NOBODY)
    async with worker(settings, ScriptedModel(ANSWER)) as running:

        def caught_up(vitals: Vitals) -> bool:
            [partition] = vitals.partitions
            return partition.lag == partition.span == 0 and (partition.committed or 0) >= len(sent)

        await until(seen(running, caught_up))
        health = running.instruments.health
        assert health.vitals is not None
        assert health.vitals.partitions[0].oldest_s is None
        assert health.vitals.held.sessions == 3
        assert health.ready(time.monotonic()).ok
        assert health.alive(time.monotonic()).ok
        assert running.instruments.loop_lag.percentiles_ms() is not None


@pytest.mark.slow
async def test_redis_away_and_back(kafka: Kafka, make_settings: MakeSettings, tmp_path: Path) -> None:
    """While Redis is away it is named, and work that waits for it is seen but held against nobody; once it is back,
    nothing waits any more."""
    topic = await kafka.topic(1)
    async with RedisServer(tmp_path / "redis") as redis:
        settings = make_settings(kafka, topic, NOBODY, redis={"url": redis.url}, health={"bound_s": 2})
        async with worker(settings, ScriptedModel(ANSWER)) as running:
            health = running.instruments.health
            await until(seen(running, lambda vitals: not vitals.away))
            await redis.kill()
            await send(kafka, topic, 1, events(3, 3))
            await until(seen(running, lambda vitals: vitals.away.keys() == {"redis"}))
            await until(seen(running, lambda vitals: vitals.partitions[0].oldest_s is not None))
            await asyncio.sleep(4)  # longer than the bound
            assert health.alive(time.monotonic()).ok
            assert not health.ready(time.monotonic()).ok
            await redis.start()
            await until(seen(running, lambda vitals: not vitals.away and vitals.partitions[0].oldest_s is None))


@pytest.mark.slow
async def test_a_bound_in_bytes_pauses_and_goes_on(kafka: Kafka, make_settings: MakeSettings) -> None:
    """More shoppers than fit into a megabyte, and a model that does not answer: reading stops
    soon after it is full; when it answers, sessions go and the rest comes in."""
    topic = await kafka.topic(1)
    await send(kafka, topic, 1, events(CROWD, 1))
    model = ScriptedModel(ANSWER)
    model.gate = asyncio.Event()
    settings = make_settings(kafka, topic, NOBODY, backlog={"max_bytes": 1_048_576}, kafka={"max_poll_records": 20})
    async with worker(settings, model) as running:
        await until(seen(running, lambda vitals: vitals.partitions and vitals.partitions[0].paused))
        await asyncio.sleep(1)
        assert running.meter.events < CROWD
        assert running.enrichment.held().size_bytes > 1_048_576 * 0.9
        model.gate.set()
        await until(lambda: running.meter.events == CROWD, 150)
        await until(seen(running, lambda vitals: not vitals.owed and not vitals.partitions[0].paused))
        await until(lambda: running.meter.intents >= CROWD)  # the last calls are owed no more while they run
