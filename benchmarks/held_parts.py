"""Held parts: a worker's parts before a log, a store and a model that are in this process and answer at once."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from agents.health.statistics import Meter
from agents.worker.build import Kinds, Ports, StorePorts, Worker, build
from agents.worker.enrichment import Enrichment
from agents.worker.eviction import EvictionRules
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.upkeep import UpkeepRules
from benchmarks.held_store import HeldStore
from benchmarks.instant_model import InstantModel
from clients.calls import Call, Completion
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from penchant.settings.root import Settings
from penchant.worker.model_side import reasoning_of
from penchant.worker.tokenizer import tokenizer
from streams.events.decoding import Decoder
from streams.kafka.batches import TP
from streams.records.dead_letters import DeadLetter

MODEL_S = 1.0
"""The longest call."""


class UnevenModel(InstantModel):
    """Takes half a second on average, and for no two calls as long: answers do not come together."""

    async def complete(self, call: Call) -> Completion:
        await asyncio.sleep(MODEL_S * random.random())
        return await super().complete(call)


class UnusedDeadLetterProducer:
    """Nothing is refused."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        raise AssertionError(f"{len(letters)} records were refused")


class Fetched:
    """The log that partitions are fetched from; who fetches looks at `paused` of the enrichment."""

    def pause(self, tps: Iterable[TP]) -> None:
        pass

    def resume(self, tps: Iterable[TP]) -> None:
        pass

    def rewind(self, tps: Iterable[TP] | None = None) -> None:
        assert not tps, "nothing is read again"


class Holding(Enrichment):
    """Keeps what it is told to keep."""

    def keep(self, eviction: EvictionRules) -> None:
        """From now on."""
        self._upkeep = replace(self._upkeep, eviction=eviction)

    @property
    def departing(self) -> bool:
        """Whether sessions of partitions that went are not freed yet."""
        return bool(self._departures)


def held_pools() -> PooledClient:
    """One replica, which answers after a while."""
    return PooledClient([Pool("model", (Endpoint(url="http://model"),))], lambda _: UnevenModel())


def held_worker(
    settings: Settings, partitions: int, eviction: EvictionRules, pools: PooledClient, behind: Callable[[], bool]
) -> Worker:
    """The parts, none running yet; the enrichment is a Holding."""
    reasoning = reasoning_of(settings, tokenizer(None))(settings.prompt.version, settings.sampling)
    share = IngestCpuShare(time.thread_time)
    share.listen(behind)
    ports = Ports(
        kept=StorePorts(store=HeldStore(partitions), name="held", clock_ms=clock_ms),
        letters=UnusedDeadLetterProducer(),
        decoder=Decoder(),
        reasoning=reasoning,
        slots=pools.slots("live", "v1"),
        circuit_breaker=pools.circuit_breaker,
        meter=Meter(),
        ingest_share=share,
    )
    worker = build(settings, ports, UpkeepRules(eviction=eviction), kinds=Kinds(enrichment=Holding))
    worker.enrichment.attach(Fetched())
    return worker


def clock_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000
