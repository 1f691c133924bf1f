"""The Faust application as Penchant runs it: inside our own event loop, with our transport, and without its extras."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import faust
from aiokafka.errors import KafkaError
from mode.supervisors import CrashingSupervisor

from streams.errors import Stop
from streams.kafka.batch_transport import BatchTransport
from streams.kafka.batches import TP, Offsets
from streams.kafka.errors import mapped
from streams.kafka.options import KafkaOptions
from streams.kafka.transport import BatchConsumer


@dataclass(frozen=True, slots=True)
class KafkaGroup:
    """How a worker takes part in its consumer group."""

    options: KafkaOptions
    """How it connects and logs in, and what it reads of transactions."""
    group_id: str
    folder: Path
    """Faust makes its data folder here; it stays empty."""
    instance_id: str | None = None
    """Static membership: a worker that returns under its old name within the session timeout causes no rebalance."""
    commit_interval_s: float = 1.0
    session_timeout_s: float = 30.0
    heartbeat_interval_s: float = 0.25
    """The others hear by their next heartbeat that somebody has left: so long a partition has no owner at the least."""
    rebalance_timeout_s: float = 30.0
    poll_timeout_s: float = 300.0
    """A worker whose event loop stops polling for this long is expelled. Paused and idle workers do poll."""
    batch_records: int = 1_000
    """The most records one poll returns, over all partitions; so also the most in one batch."""
    buffered_polls: int = 2
    """The more stand between the poll and the agent, the longer an event waits behind polls that brought one or two: a
    fetch that goes out later brings more."""


def make_app(
    group: KafkaGroup,
    topic: str,
    offsets: Offsets,
    drain: Callable[[Collection[TP]], Awaitable[None]] | None = None,
) -> faust.App:
    """An application whose consumer batches `topic` and commits what `offsets` says; for `drain` see BatchTransport.

    An agent on `event_topic(app, topic)` iterates plainly, `async for poll in stream:`, and gets a Poll each time: no
    `noack()`, `events()` or `take()`, for acknowledgements mean nothing here. An error that leaves the agent stops the
    application (see `watch`), since Faust would otherwise skip that poll for good.
    """
    app = faust.App(
        group.group_id,
        broker=[f"kafka://{address}" for address in group.options.bootstrap.split(",")],
        broker_credentials=group.options.credentials(),
        datadir=group.folder,
        agent_supervisor=CrashingSupervisor,
        broker_commit_interval=group.commit_interval_s,
        broker_heartbeat_interval=group.heartbeat_interval_s,
        broker_max_poll_interval=group.poll_timeout_s,
        broker_max_poll_records=group.batch_records,
        broker_rebalance_timeout=group.rebalance_timeout_s,
        broker_session_timeout=group.session_timeout_s,
        consumer_auto_offset_reset="none",
        consumer_group_instance_id=group.instance_id,
        stream_buffer_maxsize=group.buffered_polls,
        stream_wait_empty=False,
        store="memory://",
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    app.transport = BatchTransport(app, {topic}, offsets, group.options, drain)
    return app


def event_topic(app: faust.App, topic: str) -> faust.TopicT:
    """The topic as an agent subscribes to it: raw bytes, and no acknowledgements (the ledger commits)."""
    return app.topic(topic, key_serializer="raw", value_serializer="raw", acks=False)


@contextlib.asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[None]:
    """Run the application in this event loop, without Faust's own worker and its signal handlers.

    BrokerUnavailable when Kafka does not answer at the start. Await `watch` beside the body to hear of a crash.
    """
    try:
        try:
            await app.start()
        except KafkaError as exc:
            raise mapped(exc, "Kafka") from exc
        yield
    finally:
        await app.stop()
        _close_unused_loop(app)


async def watch(app: faust.App) -> None:
    """Return when the application was stopped; raise what crashed it."""
    await app.wait_until_stopped()
    reason = app.crash_reason if app.crashed else None
    if isinstance(reason, KafkaError):
        raise mapped(reason, "Kafka") from reason
    if isinstance(reason, asyncio.CancelledError):  # as such it would end whoever watches without a word
        raise Stop("the agent was cancelled from within", "see the log for what cancelled it; start again") from reason
    if reason is not None:
        raise reason


def _close_unused_loop(app: faust.App) -> None:
    """Faust makes the event loop of its consumer's thread early, and leaves it open when the thread never starts."""
    thread = cast("BatchConsumer", app.consumer)._thread
    if not thread._thread_started.is_set():
        thread.thread_loop.close()
