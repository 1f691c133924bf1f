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

import faust
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.backlog import Backlog
from agents.checkpoints import Checkpoints
from agents.dispatch import Dispatch
from agents.enrich import Enrichment
from agents.ingest import Ingest, SliceRules
from agents.letters import KafkaLetters
from agents.meter import Meter
from agents.parking import Parking
from agents.reasoning import Reasoning
from agents.recall import Recall
from agents.refusals import DeadLetterSender, Refusals
from clients.calls import ModelClient
from clients.openai import OpenAIClient
from clients.triton import TritonClient
from penchant import wiring
from penchant.admission.start import Admission, admitted
from penchant.settings.root import Settings
from storage.connection import connect
from storage.gather import GatheringWriter
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.batches import TP, RecordBatch
from streams.decoding import Decoder
from streams.errors import BrokerUnavailable
from streams.faust_app import event_topic, make_app, running, watch
from streams.lineage import Lineage
from streams.transport import BatchConsumer

DRAIN_S = 5.0
"""How long calls under way may take at a rebalance and at the end."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that runs: what it does shows in `meter`, what it found in `model`."""

    meter: Meter
    enrichment: Enrichment
    model: str


@asynccontextmanager
async def worker(settings: Settings, model: ModelClient | None = None) -> AsyncIterator[Worker]:
    """A running worker. Leaving the block drains and stops it; what breaks inside cancels the block and is raised.

    Raises ContractMismatch when the model server is not what the settings say or the topic is not keyed by shopper,
    LineageMismatch when the contexts in Redis belong to another log, BrokerUnavailable without Kafka.
    """
    async with AsyncExitStack() as stack:
        if model is None:
            model = model_client(settings)
            stack.push_async_callback(model.close)
        redis = connect(settings.redis.url)
        stack.push_async_callback(redis.aclose)
        store = RedisCheckpoints(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
        producer = await stack.enter_async_context(_producer(settings.kafka.bootstrap))
        letters = KafkaLetters(producer, settings.kafka.dead_letter_topic)
        meter = Meter()
        admission = await stack.enter_async_context(admitted(settings, redis))
        enrichment = _enrichment(settings, admission.lineage, store, model, letters, meter)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="penchant-faust-")))
        found = await model.probe()
        async with _consuming(settings, enrichment, admission, folder):
            yield Worker(meter, enrichment, found)


def model_client(settings: Settings) -> ModelClient:
    """The client for the configured dialect."""
    model = settings.model
    if model.dialect == "openai":
        key = model.api_key.get_secret_value() if model.api_key else None
        return OpenAIClient(model.url, model.name, key)
    return TritonClient(model.url, model.name)


@asynccontextmanager
async def _consuming(
    settings: Settings, enrichment: Enrichment, admission: Admission, folder: Path
) -> AsyncIterator[None]:
    """Faust and the enrichment beside each other. At the end: drain, commit and leave the group, stop the rest."""

    async def drain(tps: Collection[TP]) -> None:
        await enrichment.drain(tps, DRAIN_S)

    topic = settings.kafka.topic
    app = make_app(wiring.group(settings, folder), topic, enrichment, drain)

    @app.agent(event_topic(app, topic), name="enrich")
    async def enrich(stream: faust.StreamT[RecordBatch]) -> None:
        async for batch in stream:
            await enrichment.take(batch)

    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(enrichment.run()), tasks.create_task(admission.watch())]
        async with running(app):
            enrichment.attach(cast("BatchConsumer", app.consumer))
            watching = tasks.create_task(watch(app))
            try:
                yield
            finally:
                watching.cancel()
                await drain(enrichment.assignment())
        for task in beside:
            task.cancel()


def _enrichment(
    settings: Settings,
    lineage: Lineage,
    store: RedisCheckpoints,
    model: ModelClient,
    letters: DeadLetterSender,
    meter: Meter,
) -> Enrichment:
    backlog = Backlog(wiring.triggers(settings), wiring.targets(settings))
    checkpoints = Checkpoints(_worker_name(), wiring.expiry(settings), _clock_ms, lineage=lineage.number)
    refusals = Refusals(letters, wiring.limit(settings), meter)
    recall = Recall(store, store, backlog, lineage.number, lineage.starts)
    session, slices = wiring.session(settings), SliceRules()
    ingest = Ingest(backlog, recall, refusals, meter, decoder=Decoder(), session=session, slices=slices)
    parking = Parking(backlog, store, store, checkpoints, wiring.parking(settings), meter)
    writer = GatheringWriter(store, wiring.gather(settings))
    reasoning = Reasoning(settings.prompt.version, settings.intent.missions, wiring.sampling(settings))
    dispatch = Dispatch(backlog, model, writer, store, checkpoints, reasoning, wiring.calls(settings), meter)
    return Enrichment(backlog, ingest, recall, parking, dispatch, refusals, store, wiring.upkeep(settings), meter)


@asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    try:
        await producer.start()
        yield producer
    except KafkaError as error:
        raise BrokerUnavailable(f"Kafka at {bootstrap} does not answer: {error!r}") from error
    finally:
        await producer.stop()


def _worker_name() -> str:
    """Names this process among the owners of checkpoints: host, process and start."""
    return f"{socket.gethostname()}-{os.getpid()}-{time.time_ns() // 1_000_000}"


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
