"""Parts: what a worker is made of, put together. The other half of the composition root, penchant/worker/app.py."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from agents.fleet.pool_sizes import PoolSizes
from agents.fleet.switches import SwitchState
from agents.fleet.sync import FleetSync
from agents.health.statistics import Meter
from agents.learning.learning import Learning
from agents.learning.predictors import read_predictor
from agents.worker.answer_samples import AnswerSamples
from agents.worker.build import Kinds, Ports, Worker, build
from agents.worker.conversions import SessionConversions
from agents.worker.dispatch import Traced
from agents.worker.erasures import Erasures
from agents.worker.history import PublishingWriter
from agents.worker.impressions import SETTLE_S, Impressions
from agents.worker.ingest import Entered
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.instruments import Instruments
from agents.worker.knowledge import Knowledge
from agents.worker.routes import Route, Router
from agents.worker.switched import PinnedReasoning, SwitchedRouter
from agents.worker.upkeep import UpkeepRules
from clients.pools.client import PooledClient
from penchant.settings.root import Settings
from penchant.telemetry.traces.tracing import Tracing
from penchant.worker.admission import Admission
from penchant.worker.experiments import ArmFactory, ExperimentRuntime, clock_ms
from penchant.worker.golden_session import golden_watch_of
from penchant.worker.heartbeat import heartbeat_of
from penchant.worker.history import KafkaHistory, topics_of
from penchant.worker.instance import Instance
from penchant.worker.presidio import redaction
from penchant.worker.stores import stores_of
from storage.answers import RedisAnswers
from storage.connection import Client
from storage.counts import RedisCounts
from storage.gather import Writer
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from storage.writer import RedisCheckpoints
from streams.events.dialects import Dialect, dialect
from streams.kafka.dead_letter_producer import DeadLetterProducer
from streams.kafka.delayed import DelayedReader
from streams.kafka.producer import RecordProducer
from streams.kafka.reader import TopicReader


@dataclass(frozen=True, slots=True)
class Servers:
    """Kafka and Redis, found to be there and to be the right ones; `worker` names this process."""

    redis: Client
    producer: RecordProducer
    admission: Admission
    erasures: TopicReader
    worker: str
    instance: Instance


class Runs(Protocol):
    """What goes on until it is cancelled."""

    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the worker is made of, as far as others need to know it. `beside` runs where the settings want it."""

    worker: Worker
    erasures: Erasures
    pools: PooledClient
    experiment_runtime: ExperimentRuntime
    ingest_share: IngestCpuShare
    sync: FleetSync
    switch_state: SwitchState
    beside: Sequence[Runs]


def make_parts(
    settings: Settings,
    servers: Servers,
    pools: PooledClient,
    arm_factory: ArmFactory,
    experiment_runtime: ExperimentRuntime,
    knowledge: Knowledge | None,
    learning: Learning | None,
    tracing: Tracing,
    kinds: Kinds | None = None,
) -> Parts:
    """All of them, none running yet."""
    switch_state, meter = SwitchState(), arm_factory.instruments.meter
    name, frozen = experiment_runtime.judge.worker, partial(_frozen, switch_state)
    whole = servers.redis, servers.erasures, servers.admission
    stores = stores_of(settings, *whole, name, frozen, meter)
    samples = _samples(settings, RedisAnswers(*stores.to_redis), meter, switch_state)
    ingest_share = IngestCpuShare(time.thread_time)
    ports = Ports(
        kept=stores.kept,
        letters=DeadLetterProducer(servers.producer, settings.kafka.dead_letter_topic),
        decoder=tracing.hearing(_decoder(settings)),
        reasoning=_reasoning(settings, arm_factory, switch_state),
        slots=pools.slots("live", settings.prompts.template(settings.prompt.version).version),
        circuit_breaker=pools.circuit_breaker,
        meter=meter,
        erasures=stores.erasures,
        router=_router(experiment_runtime, switch_state),
        publish=partial(_published, settings, servers, meter),
        learn=knowledge.learn if knowledge else None,
        ingest_share=ingest_share,
        halted=lambda: switch_state.now.on("pause"),
        entered=_entered(settings, experiment_runtime, arm_factory.instruments, learning),
        rhythm=learning.rhythm(settings.triggers) if learning and settings.triggers.overtaken else None,
        traced=_traced(tracing, samples),
    )
    worker = build(settings, ports, UpkeepRules.of(settings.backlog), kinds=kinds)
    if learning is not None:
        learning.attach(worker.enrichment.partitions)
    sync = _sync(
        settings, RedisFleet(*stores.to_redis), pools, experiment_runtime, switch_state, arm_factory.instruments
    )
    usual = arm_factory.reasoning(settings.prompt.version, settings.sampling)
    golden_watch = golden_watch_of(settings, pools, usual, lambda: switch_state.workers)
    impressions = _impressions(settings, stores.checkpoints, experiment_runtime, arm_factory.instruments)
    beside = [each for each in (golden_watch, samples, impressions) if each is not None]
    return Parts(worker, stores.erasures, pools, experiment_runtime, ingest_share, sync, switch_state, beside)


def _decoder(settings: Settings) -> Dialect:
    redact_query = redaction(settings.kafka)
    return dialect(settings.kafka.dialect, keyed=True, redact_query=redact_query, privacy=settings.privacy)


def _entered(
    settings: Settings, experiment_runtime: ExperimentRuntime, instruments: Instruments, learning: Learning | None
) -> tuple[Entered, ...]:
    """What hears of each event that has entered a session."""
    conversions = SessionConversions(experiment_runtime.active_experiments, instruments.outcomes, settings.lift)
    return (conversions.note, *([learning.teach] if learning else ()))


def _impressions(
    settings: Settings, store: RedisCheckpoints, experiment_runtime: ExperimentRuntime, instruments: Instruments
) -> Impressions | None:
    """What counts click-through by arm, where there is a topic of what was shown."""
    kafka, within_s = settings.kafka, settings.lift.shown_within_s
    if kafka.impressions_topic is None or kafka.impressions_group is None:
        return None
    topic, group, delay_ms = kafka.impressions_topic, kafka.impressions_group, round((within_s + SETTLE_S) * 1e3)
    source = partial(DelayedReader, kafka.options, topic, group, delay_ms, clock_ms)
    counted = experiment_runtime.active_experiments, instruments.outcomes, instruments.meter
    return Impressions(source, store.load, *counted, within_s, settings.privacy.default_purposes)


def _sync(  # told apart by their types
    settings: Settings,
    store: RedisFleet,
    pools: PooledClient,
    experiment_runtime: ExperimentRuntime,
    switch_state: SwitchState,
    instruments: Instruments,
) -> FleetSync:
    """What tells the fleet of this worker; the instruments show how it is."""
    judge, meter = experiment_runtime.judge, instruments.meter
    heartbeat = partial(heartbeat_of, settings, instruments, pools)
    sizes = PoolSizes(pools.router.active, judge.worker) if settings.routing.call_budget_s else None
    sync = FleetSync(store, judge, switch_state, heartbeat, clock_ms, lambda: meter.calls, sizes)
    instruments.sync = sync
    return sync


async def learning_of(settings: Settings, servers: Servers) -> Learning | None:
    """What counts what partitions teach, where that is wanted. Raises SettingInvalid or PlatformLacks for a
    predictor that cannot be used."""
    if not settings.learning.enabled:
        return None
    lineage = servers.admission.lineage
    store = RedisCounts(servers.redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
    file = settings.learning.predictor
    predictor = await asyncio.to_thread(read_predictor, file) if file else None
    return Learning(store, settings.learning, lineage.partitions, lineage.number, clock_ms, predictor, settings.privacy)


def _frozen(switch_state: SwitchState) -> str | None:
    return switch_state.now.set_by("freeze_writes") if switch_state.now.on("freeze_writes") else None


def _samples(settings: Settings, store: RedisAnswers, meter: Meter, switch_state: SwitchState) -> AnswerSamples | None:
    """What keeps answers for people, where that is wanted."""
    rules = settings.answers
    if not (rules.share or rules.failures):
        return None
    return AnswerSamples(store, rules, clock_ms, meter, lambda: switch_state.now.on("freeze_writes"))


def _traced(tracing: Tracing, samples: AnswerSamples | None) -> Traced:
    return tracing.traced if samples is None else lambda case: tracing.traced(samples.sampled(case))


def _published(settings: Settings, servers: Servers, meter: Meter, writer: Writer) -> Writer:
    """With the topics of intents, where there are any."""
    if not (topics := topics_of(settings.kafka)):
        return writer
    return PublishingWriter(writer, KafkaHistory(servers.producer, topics), clock_ms, meter)


def _reasoning(settings: Settings, arm_factory: ArmFactory, switch_state: SwitchState) -> PinnedReasoning:
    sampling = settings.sampling
    usual = arm_factory.reasoning(settings.prompt.version, sampling)
    names = settings.prompts.names
    return PinnedReasoning(
        usual, lambda name: arm_factory.reasoning(name, sampling) if name in names else None, switch_state
    )


def _router(experiment_runtime: ExperimentRuntime, switch_state: SwitchState) -> Callable[[Route], Router]:
    def router(everybody: Route) -> Router:
        return SwitchedRouter(experiment_runtime.router(everybody), everybody, switch_state)

    return router
