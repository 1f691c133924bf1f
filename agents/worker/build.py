"""Build: the parts of a worker, put together. The caller brings the rules, and the ports to all that is outside.

The service, replays, benchmarks and tests all build here, so that what is measured and tested is what serves.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.outcomes import Outcomes
from agents.health.statistics import Meter
from agents.worker.asking import Asking, CallRules, Reasoner
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.checkpoints import Checkpoints
from agents.worker.dispatch import Dispatch, Learn, Traced
from agents.worker.enrichment import Enrichment
from agents.worker.erasures import Erasures
from agents.worker.ingest import Entered, Ingest
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.parking import Parking
from agents.worker.recall import Recall
from agents.worker.refusals import DeadLetterSender, Refusals
from agents.worker.routes import ExperimentRouter, Route, Router, SlotSupplier
from agents.worker.slices import SliceRules
from agents.worker.upkeep import UpkeepRules
from clients.limits.circuit_breaker import CircuitBreaker
from storage.checkpoints import CheckpointStore, Incarnation, OwedStore
from storage.gather import GatheringWriter, Writer
from storage.redis_rules import RedisRules
from streams.events.dialects import Dialect
from streams.records.dead_letters import LimitRules
from streams.records.erasures import Erasure
from streams.records.intents import IntentRules
from streams.sessions.ledger import CommitRules
from streams.sessions.session import SessionRules
from streams.sessions.triggers import Rhythm, TriggerRules


class Rules(Protocol):
    """The sections that the parts take. The settings are one such."""

    @property
    def session(self) -> SessionRules: ...
    @property
    def triggers(self) -> TriggerRules: ...
    @property
    def backlog(self) -> BacklogRules: ...
    @property
    def intent(self) -> IntentRules: ...
    @property
    def commit(self) -> CommitRules: ...
    @property
    def dead_letters(self) -> LimitRules: ...
    @property
    def calls(self) -> CallRules: ...
    @property
    def redis(self) -> RedisRules: ...


class Store(CheckpointStore, OwedStore, Incarnation, Protocol):
    """The ports to one store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePorts:
    """The store, and in whose name it is written. `clock_ms` is wall time in epoch milliseconds; `starts` are the first
    offsets of the partitions in this `lineage`; `erased` knows a shopper's last erasure; `default_purposes` is what
    those agree to who did not say."""

    store: Store
    name: str
    clock_ms: Callable[[], int]
    lineage: int = 0
    generation: int = 0
    starts: Sequence[int] = ()
    erased: Callable[[str], Erasure | None] = lambda _: None
    default_purposes: Sequence[str] | None = None


def everybody_alone(everybody: Route) -> Router:
    """The router where there are no experiments."""
    return ExperimentRouter(everybody, {}, {}, ActiveExperiments(()), Outcomes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What a worker talks to, and what it is told. `router` adds the routes of experiments to everybody's; `publish`
    wraps the writer of intents; `learn` fetches what prompts say beside the log; `halted`: operators paused it; each of
    `entered` hears of every event that has entered a session; `rhythm` says for how long a session is to be quiet;
    `traced` follows calls."""

    kept: StorePorts
    letters: DeadLetterSender
    decoder: Dialect
    reasoning: Reasoner
    slots: SlotSupplier
    meter: Meter
    erasures: Erasures | None = None
    router: Callable[[Route], Router] = everybody_alone
    publish: Callable[[Writer], Writer] = lambda writer: writer
    learn: Learn | None = None
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    ingest_share: IngestCpuShare = field(default_factory=IngestCpuShare)
    halted: Callable[[], bool] = lambda: False
    entered: Sequence[Entered] = ()
    rhythm: Rhythm | None = None
    traced: Traced = nullcontext


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which classes the parts are. Benchmarks and tests replace one to see what it is worth."""

    backlog: Callable[..., Backlog] = Backlog
    checkpoints: Callable[..., Checkpoints] = Checkpoints
    dispatch: Callable[..., Dispatch] = Dispatch
    enrichment: Callable[..., Enrichment] = Enrichment
    ingest: Callable[..., Ingest] = Ingest
    parking: Callable[..., Parking] = Parking
    recall: Callable[..., Recall] = Recall
    refusals: Callable[..., Refusals] = Refusals


@dataclass(frozen=True, slots=True)
class Memory:
    """What is owed, how sessions come out of the store, and how they go into it. A replay needs no more."""

    backlog: Backlog
    checkpoints: Checkpoints
    recall: Recall


@dataclass(frozen=True, slots=True)
class Worker:
    """The parts, none running yet. `enrichment` runs them all; whoever builds it closes the writer."""

    memory: Memory
    enrichment: Enrichment
    ingest: Ingest
    parking: Parking
    refusals: Refusals
    dispatch: Dispatch
    writer: GatheringWriter


def make_checkpoints(rules: Rules, kept: StorePorts, kinds: Kinds) -> Checkpoints:
    """How sessions go into the store."""
    return kinds.checkpoints(
        kept.name, rules.intent, rules.session, kept.clock_ms, lineage=kept.lineage, generation=kept.generation,
        default_purposes=kept.default_purposes,
    )  # fmt: skip


def make_memory(
    rules: Rules, kept: StorePorts, kinds: Kinds, meter: Meter | None = None, rhythm: Rhythm | None = None
) -> Memory:
    """The parts beside the store."""
    backlog = kinds.backlog(rules.triggers, rules.backlog, rhythm)
    recall = kinds.recall(kept.store, kept.store, backlog, kept.lineage, kept.starts, kept.erased, meter)
    return Memory(backlog, make_checkpoints(rules, kept, kinds), recall)


def build(
    rules: Rules, ports: Ports, upkeep: UpkeepRules, slices: SliceRules | None = None, kinds: Kinds | None = None
) -> Worker:
    """All of them, none running yet."""
    kinds, meter, store = kinds or Kinds(), ports.meter, ports.kept.store
    memory = make_memory(rules, ports.kept, kinds, meter, ports.rhythm)
    backlog, checkpoints, recall = memory.backlog, memory.checkpoints, memory.recall
    refusals = kinds.refusals(ports.letters, rules.dead_letters, meter)
    writer = GatheringWriter(store, rules.redis)
    everybody = Route(ports.reasoning, Asking(rules.calls, meter, circuit_breaker=ports.circuit_breaker), ports.slots)
    ingest = kinds.ingest(
        backlog, recall, refusals, meter, decoder=ports.decoder, session=rules.session,
        slices=slices or SliceRules(), ingest_share=ports.ingest_share, readable_after_ms=checkpoints.readable_after_ms,
        entered=ports.entered,
    )  # fmt: skip
    behind = lambda: ports.ingest_share.behind  # noqa: E731 # it changes
    parking = kinds.parking(backlog, store, store, checkpoints, rules.redis.pipeline, meter, behind)
    dispatch = kinds.dispatch(
        backlog, ports.router(everybody), ports.publish(writer), store, checkpoints, rules.calls, meter,
        ports.ingest_share, ports.learn, ports.traced,
    )  # fmt: skip
    incarnation = store if ports.erasures is None else ports.erasures  # while nobody was erased it is as false as None
    enrichment = kinds.enrichment(
        backlog, ingest, recall, parking, dispatch, refusals, incarnation, rules.commit, upkeep, meter
    )
    enrichment.halted = ports.halted
    if (erasures := ports.erasures) is not None:
        enrichment.heard_s = lambda: erasures.heard_s
        erasures.attach(enrichment.partitions, backlog, dispatch)
    return Worker(memory, enrichment, ingest, parking, refusals, dispatch, writer)
