"""Pipeline: a worker's own parts, put together as in penchant/worker/app.py, before a store in memory."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agents.health.statistics import Meter
from agents.worker.build import Kinds, Ports, StorePorts, build, everybody_alone
from agents.worker.routes import Route, Router, SlotSupplier
from agents.worker.upkeep import UpkeepRules
from clients.calls import Class
from clients.limits.adaptive_limit import LimitRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Connect, Pool
from clients.pools.registry import Notify, RegistryRules
from penchant.offline.whatif.arrivals import EPOCH_MS, Arrival
from penchant.offline.whatif.assumed import AssumedReasoner
from penchant.offline.whatif.known import KnownDecoder, KnownRecord
from penchant.offline.whatif.sampled_reasoner import SampledReasoner
from penchant.offline.whatif.store import Store
from penchant.settings.root import Settings
from penchant.worker.model_side import limits, reasoning_of
from penchant.worker.tokenizer import tokenizer
from streams.kafka.batches import TP, RecordBatch
from streams.records.dead_letters import DeadLetter
from streams.sessions.triggers import Rhythm

TOPIC = "events"
EPOCH = 1
UPKEEP_S = 1.0
"""Less often than in life: looking through all sessions takes no virtual time, but real one, and moves no call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a pipeline stands before: pools of model servers, and how one is reached; the clock, in seconds since
    `epoch_ms`; the partitions that it has; and for how long sessions are to be quiet. `limits` go in place of the usual
    ones."""

    pools: Sequence[Pool]
    connect: Connect
    now_s: Callable[[], float]
    epoch_ms: int = EPOCH_MS
    partitions: Sequence[int] = (0,)
    traffic_class: Class = "live"
    limits: LimitRules | None = None
    notify: Notify | None = None
    rhythm: Rhythm | None = None


class Pipeline:
    """One worker. `router` adds the routes of experiments; `kinds` and `slots` replace a part, to see what it is worth.
    `reasoner` keeps `sample` of what is asked. `assume` that answers say what they said before, and nobody looks.

    `meter` counts what it does.
    """

    def __init__(
        self,
        settings: Settings,
        before: Before,
        meter: Meter,
        *,
        router: Callable[[Route], Router] = everybody_alone,
        kinds: Kinds | None = None,
        slots: Callable[[SlotSupplier], SlotSupplier] = lambda slots: slots,
        sample: int = 0,
        assume: bool = False,
    ) -> None:
        self.meter, self.session, self._before = meter, settings.session, before
        registry = RegistryRules(before.limits or limits(settings))
        self.pools = PooledClient(before.pools, before.connect, registry, settings.routing, before.notify, _chance())
        self.store = Store()
        made = reasoning_of(settings, tokenizer(settings.prompt.tokenizer))
        reasoning = made(settings.prompt.version, settings.sampling)
        self.reasoner = SampledReasoner(AssumedReasoner(reasoning) if assume else reasoning, sample)
        version = settings.prompts.template(settings.prompt.version).version
        ports = Ports(
            kept=StorePorts(
                store=self.store,
                name="virtual",
                clock_ms=lambda: before.epoch_ms + int(before.now_s() * 1e3),
                default_purposes=settings.privacy.default_purposes,
            ),
            letters=NullDeadLetterSender(),
            decoder=KnownDecoder(),
            reasoning=self.reasoner,
            slots=slots(self.pools.slots(before.traffic_class, version)),
            circuit_breaker=self.pools.circuit_breaker,
            meter=meter,
            router=router,
            rhythm=before.rhythm,
        )
        worker = build(settings, ports, replace(UpkeepRules.of(settings.backlog), every_s=UPKEEP_S), kinds=kinds)
        self.backlog, self.enrichment, self.dispatch = worker.memory.backlog, worker.enrichment, worker.dispatch
        for partition in before.partitions:
            self.enrichment.assigned(TP(TOPIC, partition), EPOCH)

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
        shoppers = (each for partition in self.enrichment.partitions.values() for each in partition.shoppers.values())
        return sum(shopper.size_bytes for shopper in shoppers if shopper.owed is not None)

    def fill(self, arrivals: Iterable[Arrival]) -> None:
        """What came before."""
        self.store.fill(arrivals, self.session)

    async def take(self, *arrivals: Arrival) -> None:
        """Events have come, in order."""
        batches: dict[int, list[KnownRecord]] = {}
        for arrival in arrivals:
            batches.setdefault(arrival.partition, []).append(KnownRecord.of(arrival, self._before.epoch_ms))
        for partition, records in batches.items():
            await self.enrichment.take(RecordBatch(TOPIC, partition, EPOCH, records))

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.enrichment.run())
            tasks.create_task(self.pools.run())


class NullDeadLetterSender:
    """Takes none: what is played was decoded before."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        raise AssertionError(f"{len(letters)} records were refused that had been decoded before")


def _chance() -> random.Random:
    """When replicas are probed. Always the same, so that a day is played alike again."""
    return random.Random(0)
