"""Parts that look after a worker, and break a rule. Each says which in its docstring."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from agents.health.probes import Health
from agents.health.snapshot import Held, Vitals
from agents.rekey.rekey import Rekey
from agents.worker.asking import Question
from agents.worker.dispatch import Dispatch
from agents.worker.enrichment import Enrichment
from agents.worker.erasures import Erasures
from agents.worker.eviction import evict
from agents.worker.partition import Partition
from agents.worker.reasoning import Answered
from agents.worker.routes import ExperimentRouter, Permit
from agents.worker.shoppers import Shopper
from agents.worker.switched import SwitchedRouter
from storage.fleet import ExperimentDecision
from streams.kafka.batches import TP, RecordBatch
from streams.sessions.ledger import CommitRules
from tests.simulation.held_out import KnownTrial


def ruled(*parts: Any, lag_s: float | None = None, **changes: Any) -> Enrichment:
    """With another commit lag, or other rules for its upkeep."""
    *others, commit, upkeep, meter = parts
    lag = commit if lag_s is None else CommitRules(lag_s)
    changed: list[Any] = [*others, lag, replace(upkeep, **changes), meter]
    return Enrichment(*changed)


class Mute(Erasures):
    """Tells a store that fell back nothing again."""

    async def incarnation(self) -> str:
        return await self._incarnation.incarnation()


class Hasty(Enrichment):
    """Counts the commit lag while the store is away."""

    def committable(self, tp: TP, epoch: int) -> int | None:
        self.store.alive_s = asyncio.get_running_loop().time()
        return super().committable(tp, epoch)


class Keeping(Enrichment):
    """Keeps sessions when the partition goes."""

    def assigned(self, tp: TP, epoch: int) -> None:
        super().assigned(tp, epoch)
        kept: dict[TP, dict[str, Shopper]] = self.__dict__.setdefault("kept", {})
        for shopper_id, old in kept.pop(tp, {}).items():
            shopper = self._partitions[tp].shoppers[shopper_id] = Shopper(shopper_id, self._partitions[tp])
            shopper.adopt(old.session)

    def revoked(self, tp: TP) -> None:
        if tp in self._partitions:
            self.__dict__.setdefault("kept", {})[tp] = dict(self._partitions[tp].shoppers)
        super().revoked(tp)


class Timeless(Enrichment):
    """Takes batches of an epoch that has ended."""

    async def take(self, batch: RecordBatch) -> None:
        partition = self._partitions.get(batch.tp)
        await super().take(batch if partition is None else replace(batch, epoch=partition.epoch))


class Evicting(Enrichment):
    """Evicts before all is stored for good."""

    async def _look_after(self, tp: TP, partition: Partition, held: Held) -> None:
        await super()._look_after(tp, partition, held)
        if not partition.ended:
            evict(partition, 0.0, replace(self._upkeep.eviction, most=0), held, safe=1 << 60)


class Doubled(Permit):
    """Asks twice at once."""

    async def ask(self, question: Question) -> Answered:
        first, _ = await asyncio.gather(super().ask(question), super().ask(question))
        return first


class Hedging(ExperimentRouter):
    """Asks twice at once, to be quicker."""

    def grant(
        self, shopper: str, attempts: int, waited_s: float, passed_s: float, *, urgent: bool = False
    ) -> Permit | None:
        permit = super().grant(shopper, attempts, waited_s, passed_s, urgent=urgent)
        return permit and Doubled(permit.route, permit.slot, permit.arm, permit.tally, permit.withheld)


class Lingering(Dispatch):
    """Waits for its calls for as long as they take, when partitions go."""

    async def drain(self, partitions: Collection[Partition], bound_s: float) -> None:
        await super().drain(partitions, 20 * bound_s)


class Restless(Enrichment):
    """Reads though it is paused."""

    def _hold_back(self, tp: TP, partition: Partition, held: Held) -> None:
        self.halted = lambda: False
        super()._hold_back(tp, partition, held)


class Impatient(Enrichment):
    """Takes what a poll still brought, though operators have paused."""

    async def _take_held(self, tp: TP, partition: Partition) -> None:
        halted, self.halted = self.halted, lambda: False
        await super()._take_held(tp, partition)
        self.halted = halted


class Heedless(SwitchedRouter):
    """Calls though the rules alone are to answer."""

    def grant(
        self, shopper: str, attempts: int, waited_s: float, passed_s: float, *, urgent: bool = False
    ) -> Permit | None:
        return self._router.grant(shopper, attempts, waited_s, passed_s, urgent=urgent)


class Curious(ExperimentRouter):
    """Asks about those who are held out."""

    def holdout(self, shopper: str) -> Permit | None:  # noqa: ARG002
        return None


class Gossiping(ExperimentRouter):
    """Goes on asking beside about who was erased."""

    def forget(self, shopper: str) -> None:
        """Nobody."""


class Loyal(KnownTrial):
    """Keeps to an experiment that was rolled back."""

    def learn(self, decisions: Mapping[str, ExperimentDecision]) -> dict[str, ExperimentDecision]:  # noqa: ARG002
        return super().learn({})


class Presuming(Rekey):
    """Takes what a rekey has sent for acknowledged."""

    async def _settle_sent(self) -> None:
        while True:
            (await self._sent.get()).ticket.settle()
            self._sent.task_done()


class Nervous(Health):
    """Takes an outage for standing still."""

    def observe(self, vitals: Vitals) -> None:
        super().observe(replace(vitals, away={}))
