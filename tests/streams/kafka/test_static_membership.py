"""Static membership on a real Kafka: a worker that comes back under its name is not missed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from streams.kafka.batches import TP
from streams.kafka.faust_app import KafkaGroup, event_topic, make_app, running
from streams.kafka.options import KafkaOptions
from tests.fakes.ledger import FakeLedger
from tests.kafka import Kafka
from tests.until import until

pytestmark = pytest.mark.kafka


@asynccontextmanager
async def member(kafka: Kafka, topic: str, name: str | None, ledger: FakeLedger, folder: Path) -> AsyncIterator[None]:
    """A worker of the group named after the topic; with a name it is a static member."""
    group = KafkaGroup(
        KafkaOptions(kafka.bootstrap),
        topic,
        folder / uuid4().hex,
        instance_id=name,
        commit_interval_s=3_600.0,
        session_timeout_s=20.0,
        heartbeat_interval_s=0.2,
    )
    app = make_app(group, topic, ledger)

    @app.agent(event_topic(app, topic))
    async def take(stream: Any) -> None:
        async for poll in stream:
            ledger.poll(poll)

    async with running(app):
        yield


async def settled(*ledgers: FakeLedger) -> None:
    """Wait until these share four partitions evenly."""
    await until(lambda: [len(ledger.epochs) for ledger in ledgers] == [2] * len(ledgers))


@pytest.mark.parametrize("who", ["leader", "follower"])
async def test_a_restart_within_the_session_timeout_moves_nothing(real_kafka: Kafka, tmp_path: Path, who: str) -> None:
    """The one that restarts gets its own partitions back, and the other goes on under its epochs as if nothing were;
    also when the group's leader, who makes the assignment, is the one."""
    topic = await real_kafka.topic(4)
    stays, goes, back = FakeLedger(), FakeLedger(), FakeLedger()
    async with AsyncExitStack() as staying, AsyncExitStack() as going:
        lives = {"stays": (staying, stays), "goes": (going, goes)}
        for name in ("goes", "stays") if who == "leader" else ("stays", "goes"):
            stack, ledger = lives[name]
            await stack.enter_async_context(member(real_kafka, topic, name, ledger, tmp_path))
            await until(partial(getattr, ledger, "epochs"))
        await settled(stays, goes)
        told, before = list(stays.calls), set(goes.epochs)
        await going.aclose()
        async with member(real_kafka, topic, "goes", back, tmp_path):
            await until(lambda: len(back.epochs) == 2)
            assert set(back.epochs) == before
            for partition in range(4):
                await real_kafka.produce(topic, [b"1"], partition=partition)
            await until(lambda: all(ledger.offsets(tp) for ledger in (stays, back) for tp in ledger.epochs))
            assert stays.calls == told


async def test_without_a_name_a_restart_moves_partitions_twice(real_kafka: Kafka, tmp_path: Path) -> None:
    """The difference that the name makes: who leaves without one is replaced at once."""
    topic = await real_kafka.topic(4)
    stays, goes = FakeLedger(), FakeLedger()
    async with member(real_kafka, topic, None, stays, tmp_path):
        async with member(real_kafka, topic, None, goes, tmp_path):
            await settled(stays, goes)
        await until(lambda: set(stays.epochs) == {TP(topic, partition) for partition in range(4)})
