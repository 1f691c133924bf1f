"""Parts: what a worker is made of, put together. The other half of the composition root, penchant/worker/app.py."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from agents.fleet.switch_watch import SwitchWatch
from agents.fleet.switches import NAMES, SwitchState
from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.checkpoints import Checkpoints
from agents.worker.dispatch import Dispatch
from agents.worker.enrichment import Enrichment, UpkeepRules
from agents.worker.erasures import Erasures
from agents.worker.history import PublishingWriter
from agents.worker.ingest import Ingest, SliceRules
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.instruments import Instruments
from agents.worker.knowledge import Knowledge
from agents.worker.parking import Parking
from agents.worker.recall import Recall
from agents.worker.refusals import Refusals
from agents.worker.routes import Route, Router
from agents.worker.switched import PinnedReasoning, SwitchedRouter
from clients.pools.client import PooledClient
from penchant import __version__
from penchant.settings.root import Settings
from penchant.worker.admission import Admission
from penchant.worker.experiments import ArmFactory, ExperimentRuntime, clock_ms
from penchant.worker.history import KafkaHistory, topics_of
from penchant.worker.presidio import redaction
from prompts.render import versions
from storage.connection import Client
from storage.erasures import RedisErasures
from storage.fleet import RedisFleet
from storage.freezable import FreezableStore
from storage.gather import GatheringWriter, Writer
from storage.keys import Keys
from storage.watermarks import Watermarks
from storage.writer import RedisCheckpoints
from streams.events.dialects import dialect
from streams.kafka.dead_letter_producer import DeadLetterProducer
from streams.kafka.erasure_topic import ErasureReader
from streams.kafka.producer import RecordProducer
from streams.kafka.reader import TopicReader


@dataclass(frozen=True, slots=True)
class Servers:
    """Kafka and Redis, found to be there and to be the right ones."""

    redis: Client
    producer: RecordProducer
    admission: Admission
    erasures: TopicReader


@dataclass(frozen=True, slots=True)
class Parts:
    """What the worker is made of, as far as others need to know it."""

    enrichment: Enrichment
    erasures: Erasures
    backlog: Backlog
    refusals: Refusals
    dispatch: Dispatch
    writer: GatheringWriter
    pools: PooledClient
    ingest_share: IngestCpuShare
    switches: SwitchWatch
    switch_state: SwitchState


def make_parts(
    settings: Settings,
    servers: Servers,
    pools: PooledClient,
    arm_factory: ArmFactory,
    experiment_runtime: ExperimentRuntime,
    knowledge: Knowledge | None,
) -> Parts:
    """All of them, none running yet."""
    switch_state, meter = SwitchState(), arm_factory.instruments.meter
    to_redis = servers.redis, Keys(settings.redis.namespace), settings.redis.timeout_s
    watermarks = Watermarks(*to_redis)
    store = FreezableStore(RedisCheckpoints(*to_redis, watermarks), partial(_frozen, switch_state))
    lineage = servers.admission.lineage
    backlog = Backlog(settings.triggers, settings.backlog)
    checkpoints = Checkpoints(
        experiment_runtime.watch.worker, settings.intent, settings.session, clock_ms, lineage=lineage.number
    )
    letters = DeadLetterProducer(servers.producer, settings.kafka.dead_letter_topic)
    refusals = Refusals(letters, settings.dead_letters, meter)
    topic = ErasureReader(servers.erasures, settings.kafka.erasure_topic)
    erasures = Erasures(RedisErasures(*to_redis, watermarks), store, lineage.number, topic)
    recall = Recall(store, store, backlog, lineage.number, lineage.starts, erasures.of)
    ingest_share = IngestCpuShare(time.thread_time)
    ingest = _ingest(settings, backlog, recall, refusals, meter, ingest_share)
    parking = Parking(backlog, store, store, checkpoints, settings.redis.pipeline, meter)
    writer = GatheringWriter(store, settings.redis)
    slots, calls = pools.slots("live", settings.prompt.version), settings.calls
    reasoning, router = _reasoning(settings, arm_factory, switch_state), _router(experiment_runtime, switch_state)
    to_rankers = _published(settings, servers, writer, meter)
    dispatch = Dispatch(
        backlog, pools, to_rankers, store, checkpoints, reasoning, calls, meter, slots, ingest_share, router
    )
    if knowledge:
        dispatch.learn = knowledge.learn
    upkeep = settings.commit, UpkeepRules.of(settings.backlog)
    enrichment = Enrichment(backlog, ingest, recall, parking, dispatch, refusals, erasures, *upkeep, meter)
    enrichment.halted = lambda: switch_state.now.on("pause")
    enrichment.heard_s = lambda: erasures.heard_s
    erasures.attach(enrichment.partitions, backlog, dispatch)
    heartbeat = partial(_heartbeat, settings, arm_factory.instruments, pools)
    switches = SwitchWatch(
        RedisFleet(*to_redis, NAMES), switch_state, experiment_runtime.watch.worker, heartbeat, clock_ms
    )
    return Parts(enrichment, erasures, backlog, refusals, dispatch, writer, pools, ingest_share, switches, switch_state)


def _ingest(
    settings: Settings, backlog: Backlog, recall: Recall, refusals: Refusals, meter: Meter, ingest_share: IngestCpuShare
) -> Ingest:
    session, slices = settings.session, SliceRules()
    decoder = dialect(settings.kafka.dialect, keyed=True, redact_query=redaction(settings.kafka))
    return Ingest(
        backlog, recall, refusals, meter, decoder=decoder, session=session, slices=slices, ingest_share=ingest_share
    )


def _frozen(switch_state: SwitchState) -> str | None:
    return switch_state.now.set_by("freeze_writes") if switch_state.now.on("freeze_writes") else None


def _published(settings: Settings, servers: Servers, writer: Writer, meter: Meter) -> Writer:
    """With the topics of intents, where there are any."""
    if not (topics := topics_of(settings.kafka)):
        return writer
    return PublishingWriter(writer, KafkaHistory(servers.producer, topics), clock_ms, meter)


def _reasoning(settings: Settings, arm_factory: ArmFactory, switch_state: SwitchState) -> PinnedReasoning:
    sampling = settings.sampling
    usual = arm_factory.reasoning(settings.prompt.version, sampling)
    return PinnedReasoning(
        usual, lambda version: arm_factory.reasoning(version, sampling) if version in versions() else None, switch_state
    )


def _router(experiment_runtime: ExperimentRuntime, switch_state: SwitchState) -> Callable[[Route], Router]:
    def router(everybody: Route) -> Router:
        return SwitchedRouter(experiment_runtime.router(everybody), everybody, switch_state)

    return router


def _heartbeat(settings: Settings, instruments: Instruments, pools: PooledClient) -> dict[str, Any]:
    """What `penchant control status` shows of a worker."""
    vitals, meter = instruments.health.vitals, instruments.meter
    partitions = vitals.partitions if vitals else ()
    lag = instruments.loop_lag.percentiles_ms()
    return {
        "version": __version__,
        "prompt": settings.prompt.version,
        "partitions": sorted(each.number for each in partitions),
        "lag": sum(each.lag or 0 for each in partitions),
        "owed": vitals.owed if vitals else 0,
        "in_flight": meter.in_flight,
        "limit": sum(each.limiter.limit.calls for each in pools.replicas if each.usable),
        "intents": meter.intents,
        "freshness_p95_ms": (meter.percentiles() or {}).get("p95"),
        "loop_lag_p99_ms": (lag or {}).get("p99"),
        "away": dict(vitals.away) if vitals else {},
    }
