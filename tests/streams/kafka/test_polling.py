"""What a poll costs, in tasks: Faust's own way makes a dozen for each, and four for each message."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.servers.kafka import MockKafka
from streams.kafka.consumer_thread import SWITCH_S
from streams.kafka.faust_app import KafkaGroup, event_topic, make_app, running
from streams.kafka.options import KafkaOptions
from streams.kafka.transport import BatchConsumer
from tests.fakes.ledger import FakeLedger
from tests.kafka import Kafka
from tests.until import until

pytestmark = pytest.mark.kafka

POLLS = 300


@contextmanager
def counting(loop: asyncio.AbstractEventLoop, names: list[str]) -> Iterator[None]:
    """Note the tasks that begin in a loop."""

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
        names.append(coro.__qualname__)
        return asyncio.Task(coro, loop=loop, **more)

    loop.set_task_factory(factory)
    try:
        yield
    finally:
        loop.set_task_factory(None)


async def test_a_poll_makes_one_task_in_the_consumers_thread_and_a_message_none(
    mock_kafka: MockKafka, tmp_path: Path
) -> None:
    """As many polls as records, a message each."""
    kafka = Kafka(mock_kafka.address, mock_kafka.describe(), mock_kafka)
    topic = await kafka.topic()
    await kafka.produce(topic, [b"0"])
    ledger = FakeLedger()
    group = KafkaGroup(KafkaOptions(kafka.bootstrap), topic, tmp_path, commit_interval_s=3_600.0, batch_records=1)
    app = make_app(group, topic, ledger)

    @app.agent(event_topic(app, topic))
    async def take(stream: Any) -> None:
        async for poll in stream:
            ledger.poll(poll)

    async with running(app):
        thread = cast("BatchConsumer", app.consumer)._thread
        await until(lambda: len(ledger.batches) == 1)
        here: list[str] = []
        there: list[str] = []
        with counting(asyncio.get_running_loop(), here), counting(thread.thread_loop, there):
            await kafka.produce(topic, [b"%d" % number for number in range(POLLS)])
            await until(lambda: len(ledger.batches) == 1 + POLLS)
    assert len(ledger.batches) == 1 + POLLS
    assert there.count("ConsumerThread._poll") >= POLLS
    assert len(there) < 2 * POLLS
    assert len(here) < POLLS
    assert sys.getswitchinterval() <= SWITCH_S
