"""Observer: looks at a worker, on its event loop, once a second."""

import asyncio
from collections.abc import Iterator

from agents.health.lag_watch import LagWatch
from agents.health.probes import FRESH_S, Health
from agents.health.snapshot import Dependency, PartitionVitals, Vitals
from agents.worker.backlog import Backlog
from agents.worker.enrichment import Enrichment
from agents.worker.refusals import Refusals
from clients.pools.client import PooledClient
from streams.kafka.batches import TP

EVERY_S = 1.0


class Observer:
    """Hands what it sees to the judge of the worker's health."""

    def __init__(
        self,
        enrichment: Enrichment,
        backlog: Backlog,
        refusals: Refusals,
        kafka: LagWatch,
        model: PooledClient,
        health: Health,
    ) -> None:
        self._enrichment, self._backlog, self._refusals = enrichment, backlog, refusals
        self._kafka, self._model, self._health = kafka, model, health
        self._held_s: dict[TP, float] = {}
        self._moved: dict[TP, tuple[int | None, float]] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Look once."""
        self._health.observe(
            Vitals(
                at_s=asyncio.get_running_loop().time(),
                polled_s=self._kafka.source.polled_s,
                away=dict(self._away()),
                partitions=tuple(self._partitions()),
                owed=len(self._backlog),
                held=self._enrichment.held(),
                letters=self._refusals.waiting,
                halted=self._enrichment.halted(),
                rebalances=self._kafka.source.rebalances,
            )
        )

    def _away(self) -> Iterator[tuple[Dependency, str]]:
        if why := self._kafka.away:
            yield "kafka", why
        undecided_s = asyncio.get_running_loop().time() - self._enrichment.meter.undecided_s
        if why := self._enrichment.store.away:
            yield "redis", why
        elif undecided_s < FRESH_S:
            yield "redis", "a part of it does not answer: an open slot, or a node that is away"
        if why := self._model.away:
            yield "model", why
        if why := self._refusals.away:
            yield "dead_letters", why

    def _partitions(self) -> Iterator[PartitionVitals]:
        lags, committed = self._kafka.lags, self._kafka.source.confirmed
        now_s, partitions = asyncio.get_running_loop().time(), self._enrichment.partitions
        self._held_s = {tp: self._held_s.get(tp, now_s) for tp in partitions}
        before = self._moved
        self._moved = {
            tp: before[tp] if tp in before and before[tp][0] == committed.get(tp) else (committed.get(tp), now_s)
            for tp in partitions
        }
        for tp, partition in sorted(partitions.items()):
            yield PartitionVitals(
                topic=tp.topic,
                number=tp.partition,
                lag=lags.get(tp),
                span=partition.ledger.span(),
                oldest_s=partition.oldest_s(),
                committed=committed.get(tp),
                paused=tp in self._enrichment.paused,
                held_s=self._held_s[tp],
                moved_s=self._moved[tp][1],
            )
