"""Pipeline: the real parts, put together as in penchant/worker/app.py, before simulated GPUs and a store in memory."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.build import Kinds, Ports, StorePorts, build, everybody_alone
from agents.worker.reasoning import Reasoning
from agents.worker.routes import Route, Router
from agents.worker.shoppers import Owed, Shopper
from agents.worker.slots import SlotPermit, SlotSupplier
from agents.worker.upkeep import UpkeepRules
from benchmarks.goodput.store import Store
from benchmarks.goodput.traffic import EPOCH_MS, Arrival, Record
from clients.calls import Class, ModelClient
from clients.limits.adaptive_limit import LimitRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.registry import Notify, RegistryRules
from penchant.settings.root import Settings
from streams.events.decoding import Decoder
from streams.kafka.batches import TP, RecordBatch
from streams.records.dead_letters import DeadLetter
from streams.records.intents import Intent
from streams.sessions.positions import Position

PARTITION = TP("events", 0)
EPOCH = 1
UPKEEP_S = 1.0
"""Less often than in life: looking through all sessions takes no virtual time, but real one, and moves no call."""


@dataclass(frozen=True, slots=True)
class Without:
    """What is switched off, to see what it is worth.

    Without `coalescing` every event is due at once; those that come while a call of the same shopper waits or runs
    still go together. Without `affinity` any replica takes a call. Without `appending` the prompt's history is a
    sliding window. Without `ordering` the backlog is first in, first out.
    """

    coalescing: bool = False
    affinity: bool = False
    appending: bool = False
    ordering: bool = False


class Named(ModelClient, Protocol):
    """A model server with a name."""

    @property
    def name(self) -> str: ...


class Pipeline:
    """One worker with the default settings, before ordered pools of model servers.

    `readable` is told of each answer: whose, up to which offset, and when. `limits` go in place of the usual ones.
    `router` adds the routes of experiments; `call_budget_s` is for the active set, 0 for all replicas.
    """

    def __init__(
        self,
        pools: Mapping[str, Sequence[Named]],
        readable: Callable[[str, int, float], None],
        now_s: Callable[[], float],
        without: Without | None = None,
        traffic_class: Class = "live",
        limits: LimitRules | None = None,
        notify: Notify | None = None,
        router: Callable[[Route], Router] = everybody_alone,
        call_budget_s: float = 0.0,
    ) -> None:
        without = without or Without()
        settings = _settings(without)
        settings = settings.model_copy(update={"routing": replace(settings.routing, call_budget_s=call_budget_s)})
        self.meter, self.session = Noting(readable, now_s), settings.session
        self.store, self.pools = Store(), _pools(settings, pools, limits, notify)
        version = settings.prompt.version
        slots: SlotSupplier = self.pools.slots(traffic_class, version)
        ports = Ports(
            kept=StorePorts(store=self.store, name="bench", clock_ms=lambda: EPOCH_MS + int(now_s() * 1e3)),
            letters=NullDeadLetterSender(),
            decoder=Decoder(),
            reasoning=Reasoning(version, settings.prompts, settings.sampling),
            slots=Scattered(slots) if without.affinity else slots,
            meter=self.meter,
            router=router,
        )
        kinds = Kinds(backlog=FirstInFirstOut if without.ordering else Backlog)
        worker = build(settings, ports, replace(UpkeepRules.of(settings.backlog), every_s=UPKEEP_S), kinds=kinds)
        self.backlog, self.enrichment = worker.memory.backlog, worker.enrichment
        self.enrichment.assigned(PARTITION, EPOCH)

    @property
    def calls(self) -> int:
        """Made so far."""
        return self.meter.calls

    @property
    def waiting(self) -> int:
        """Shoppers who are owed something."""
        return len(self.backlog)

    def waiting_bytes(self) -> int:
        """What their sessions take."""
        shoppers = self.enrichment.partitions[PARTITION].shoppers.values()
        return sum(shopper.size_bytes for shopper in shoppers if shopper.owed is not None)

    def fill(self, arrivals: Iterable[Arrival]) -> None:
        """What came before."""
        self.store.fill(arrivals, self.session)

    async def take(self, arrival: Arrival) -> None:
        """An event has come."""
        await self.enrichment.take(RecordBatch(*PARTITION, EPOCH, [Record.of(arrival)]))

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.enrichment.run())
            tasks.create_task(self.pools.run())


class Noting(Meter):
    """A meter that tells of intents that a model has answered for; the rules' own are not counted as answers."""

    def __init__(self, readable: Callable[[str, int, float], None], now_s: Callable[[], float]) -> None:
        super().__init__()
        self._readable, self._now_s = readable, now_s

    def count_intent(self, intent: Intent, freshness_ms: float, *, seen: bool = False) -> None:
        super().count_intent(intent, freshness_ms, seen=seen)
        if intent.model:
            self._readable(intent.shopper, Position.parse(intent.position).offset, self._now_s())


class FirstInFirstOut(Backlog):
    """Whoever is due first is served first, however late."""

    def _file(self, shopper: Shopper, owed: Owed) -> None:
        if owed.call and not owed.upgrade:
            self._fresh.push(float("inf"), shopper)
        else:
            super()._file(shopper, owed)


class Scattered:
    """Slots that know no shopper."""

    def __init__(self, slots: SlotSupplier) -> None:
        self.listen, self.room = slots.listen, slots.room
        self._slots, self._numbers = slots, count()

    def grant(self, shopper: str, waited_s: float, passed_s: float) -> SlotPermit | None:  # noqa: ARG002 (that is the point)
        """A place at any replica."""
        return self._slots.grant(str(next(self._numbers)), waited_s, passed_s)


class NullDeadLetterSender:
    """No record of the bench is refused."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        raise AssertionError(f"{len(letters)} records of the bench were refused")


def _pools(
    settings: Settings, pools: Mapping[str, Sequence[Named]], limits: LimitRules | None, notify: Notify | None
) -> PooledClient:
    clients = {replica.name: replica for replicas in pools.values() for replica in replicas}
    named = [
        Pool(name, tuple(Endpoint(url=f"http://{replica.name}") for replica in replicas))
        for name, replicas in pools.items()
    ]
    registry = RegistryRules(limits or LimitRules(most=settings.calls.max_in_flight))
    return PooledClient(named, lambda endpoint: clients[endpoint.address], registry, settings.routing, notify)


def _settings(without: Without) -> Settings:
    """The usual ones, but for what is switched off."""
    usual = Settings()
    session, triggers = usual.session, usual.triggers
    if without.coalescing:
        triggers = replace(triggers, debounce_s=0.0, max_wait_s=0.0, min_interval_s=0.0)
    if without.appending:
        session = replace(session, high_rows=session.low_rows)
    return usual.model_copy(update={"session": session, "triggers": triggers})
