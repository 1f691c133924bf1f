"""The composition root: the only place that knows every part and puts them together."""

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from agents.fleet.switches import SwitchState
from agents.health.lag_watch import LagWatch
from agents.health.probes import Health
from agents.health.statistics import Meter
from agents.learning.learning import Learning
from agents.worker.agent import add_agent
from agents.worker.backlog import Backlog
from agents.worker.build import Kinds
from agents.worker.enrichment import Enrichment
from agents.worker.erasures import Erasures
from agents.worker.instruments import Instruments
from agents.worker.knowledge import Knowledge
from agents.worker.observer import Observer
from clients.calls import ModelClient
from clients.pools.client import PooledClient
from penchant.settings.root import Settings
from penchant.telemetry.traces.tracing import Tracing, traced
from penchant.worker.admission import admitted
from penchant.worker.experiments import ArmFactory, ExperimentRuntime, Tell
from penchant.worker.history import make_topics, topics_of
from penchant.worker.instance import instance
from penchant.worker.model_side import ModelSide, arm_predictors, knowledge_of, pools, reasoning_of
from penchant.worker.parts import Parts, Runs, Servers, learning_of, make_parts
from penchant.worker.tokenizer import tokenizer
from storage.connection import Client
from storage.findings import RedisFindings
from storage.instances import RedisInstances
from storage.keys import Keys
from storage.places import RedisPlaces
from streams.errors import StoreForbids, StoreUnavailable
from streams.kafka.batches import TP
from streams.kafka.faust_app import make_app, running, watch
from streams.kafka.producer import producing
from streams.kafka.reader import TopicReader
from streams.kafka.transport import BatchConsumer
from streams.retrying import retry_until

DRAIN_S, HAND_OVER_S = 5.0, 0.5
"""How long calls under way may take: at the end, while the partitions are still ours; and at a rebalance, until whose
end the partitions of who has left are nobody's."""

MODEL_AWAY = "a model that is away"
"""What is found of a model that does not answer at the start."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that runs: what it does shows in its instruments, what it found in `model`. `pools` are its servers."""

    instruments: Instruments
    enrichment: Enrichment
    backlog: Backlog
    model: str
    pools: PooledClient
    experiment_runtime: ExperimentRuntime
    switches: SwitchState

    @property
    def meter(self) -> Meter:
        """What it has done so far."""
        return self.instruments.meter

    async def take_up(self, settings: Settings) -> None:
        """Go on with the model servers of these settings, and the percentages and guardrails of its experiments; what
        else they say needs a new start. SettingInvalid, and nothing changes, when one of them cannot be."""
        self.experiment_runtime.check(settings)
        await self.pools.reconfigure(pools(settings))
        await self.experiment_runtime.take_up(settings)


@asynccontextmanager
async def worker(
    settings: Settings,
    model: ModelClient | None = None,
    instruments: Instruments | None = None,
    notify: Tell | None = None,
    kinds: Kinds | None = None,
) -> AsyncIterator[Worker]:
    """A running worker. Leaving the block drains and stops it; what breaks inside cancels the block and is raised.

    Kafka and Redis are waited for, `health.bound_s` at the most, before the worker joins its group: without them it
    would take partitions from workers that can serve them. BrokerUnavailable or StoreUnavailable when one stays away,
    StoreForbids at once for a right in Redis that is missing. A model that is away stops nothing, since the rules
    stand in for it. A `model` that is handed in is the only one, and stays open. `notify` is told when a model server
    is ejected or an experiment rolled back, and why. `kinds` are for benchmarks, which replace a part to see what it is
    worth or when it is reached.

    Raises ContractMismatch when the model server is not what the settings say or the topic is not keyed by shopper,
    LineageMismatch when the contexts in Redis belong to another log.
    """
    instruments = instruments or Instruments(Health(settings.health.bound_s))
    async with AsyncExitStack() as stack:
        tracing = await stack.enter_async_context(traced(settings))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="penchant-faust-")))
        async for attempt in retry_until(settings.health.bound_s):
            with attempt:
                servers = await stack.enter_async_context(_connected(settings))
        side = ModelSide(settings, model, notify, None if model else _findings(settings, servers))
        pools = side.everybody()
        if model is None:
            stack.push_async_callback(pools.close)
        learning = await learning_of(settings, servers)
        arm_factory, knowledge = await _arm_factory(settings, servers, side, instruments, learning, owned=model is None)
        parts = await _made(settings, servers, pools, arm_factory, knowledge, learning, notify, tracing, kinds, stack)
        await _look_around(parts)
        beside = (parts.erasures, parts.experiment_runtime, *([learning] if learning else ()))
        async with _consuming(settings, parts, servers, beside, instruments, folder):
            yield Worker(
                instruments, parts.worker.enrichment, parts.worker.memory.backlog, pools.found or MODEL_AWAY, pools,
                parts.experiment_runtime, parts.switch_state,
            )  # fmt: skip


def _findings(settings: Settings, servers: Servers) -> RedisFindings:
    """Where the workers of the fleet tell each other whether model servers are there."""
    return RedisFindings(servers.redis, Keys(settings.redis.namespace), settings.redis.timeout_s)


async def _arm_factory(
    settings: Settings,
    servers: Servers,
    side: ModelSide,
    instruments: Instruments,
    learning: Learning | None,
    *,
    owned: bool,
) -> tuple[ArmFactory, Knowledge | None]:
    """How calls are made and answers read, and what the shop says of its products, where that is wanted."""
    count = await asyncio.to_thread(tokenizer, settings.prompt.tokenizer)
    knowledge = knowledge_of(settings, servers.redis)
    learned = (lambda: learning.foresight) if learning else (lambda: None)
    about = knowledge.line if knowledge else None
    reasoning = reasoning_of(settings, count, about, learned, await arm_predictors(settings))
    return ArmFactory(side.client, reasoning, instruments, owned=owned), knowledge


async def _made(
    settings: Settings,
    servers: Servers,
    pools: PooledClient,
    arm_factory: ArmFactory,
    knowledge: Knowledge | None,
    learning: Learning | None,
    notify: Tell | None,
    tracing: Tracing,
    kinds: Kinds | None,
    stack: AsyncExitStack,
) -> Parts:
    """The parts, none running yet, with the erasures up to now. The stack closes them."""
    experiment_runtime = ExperimentRuntime(settings, pools, arm_factory, servers.worker, notify)
    stack.push_async_callback(experiment_runtime.close)
    arm_factory.instruments.replicas = lambda: (*pools.replicas, *experiment_runtime.replicas)
    parts = make_parts(settings, servers, pools, arm_factory, experiment_runtime, knowledge, learning, tracing, kinds)
    await parts.erasures.catch_up()
    stack.push_async_callback(parts.worker.writer.close)
    return parts


async def _look_around(parts: Parts) -> None:
    """A first look at the model, the experiments, the fleet and the store."""
    await parts.pools.begin()
    await parts.experiment_runtime.begin()
    await parts.sync.look()  # nothing is in force before it was heard
    try:
        await parts.worker.enrichment.look_at_store()
    except StoreForbids:
        raise
    except StoreUnavailable:
        pass  # it looks again, and what was read by then is read once more


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Servers]:
    async with AsyncExitStack() as stack:
        redis = settings.redis.connect()
        stack.push_async_callback(redis.aclose)
        producer = await stack.enter_async_context(producing(settings.kafka.options, idempotent=False))
        admission = await stack.enter_async_context(admitted(settings, redis))
        await make_topics(settings.kafka, admission.lineage.partitions)
        worker = _worker_name()
        kept = RedisInstances(redis, Keys(settings.redis.namespace), settings.redis.timeout_s, settings.kafka.group)
        named = await stack.enter_async_context(instance(kept, settings.kafka.instance_id, worker))
        await _note_topics(settings, redis)
        reader = await stack.enter_async_context(TopicReader(settings.kafka.options.committed()))
        yield Servers(redis, producer, admission, reader, worker, named)


async def _note_topics(settings: Settings, redis: Client) -> None:
    """Intents are sent there from now on: whoever is erased is to be erased there too."""
    places = RedisPlaces(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
    await places.note("topic", topics_of(settings.kafka))


@asynccontextmanager
async def _consuming(
    settings: Settings,
    parts: Parts,
    servers: Servers,
    beside: tuple[Erasures, ExperimentRuntime, *tuple[Learning, ...]],
    instruments: Instruments,
    folder: Path,
) -> AsyncIterator[None]:
    """Faust and the enrichment beside each other. At the end: drain, stop the rest, commit and leave the group."""
    enrichment = parts.worker.enrichment

    async def hand_over(tps: Collection[TP]) -> None:
        await enrichment.drain(tps, HAND_OVER_S)

    topic = settings.kafka.topic
    app = make_app(settings.kafka.consumer_group(folder), topic, enrichment, hand_over)
    add_agent(app, topic, enrichment)

    async with asyncio.TaskGroup() as tasks, running(app):
        consumer = cast("BatchConsumer", app.consumer)
        enrichment.attach(consumer)
        watch_kafka = LagWatch(consumer)
        parts.ingest_share.listen(lambda: watch_kafka.behind(enrichment.paused))
        observer = Observer(
            enrichment, parts.worker.memory.backlog, parts.worker.refusals, watch_kafka, parts.pools, instruments.health
        )
        of_all: tuple[Runs, ...] = (enrichment, watch_kafka, observer, instruments.loop_lag, parts.pools, parts.sync)
        runs: tuple[Runs, ...] = (*of_all, *beside, *parts.beside)
        started = [tasks.create_task(part.run()) for part in runs]
        watched = (servers.admission.watch(), servers.instance.watch(), watch(app))
        started += [tasks.create_task(each) for each in watched]
        try:
            yield
        finally:
            await enrichment.drain(list(enrichment.partitions), DRAIN_S)
            for task in started:  # before Faust ends: no call may begin any more
                task.cancel()


def _worker_name() -> str:
    """Names this process among the owners of checkpoints: host, process and start."""
    return f"{socket.gethostname()}-{os.getpid()}-{time.time_ns() // 1_000_000}"
