"""Parts of the core that break a rule. Each says which in its docstring."""

import asyncio
import contextlib
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from agents.health.snapshot import Held
from agents.worker.asking import Question
from agents.worker.backlog import Backlog
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.delivery import Case
from agents.worker.dispatch import Dispatch
from agents.worker.enrichment import Enrichment
from agents.worker.erasures import Erasures
from agents.worker.eviction import evict
from agents.worker.ingest import Ingest
from agents.worker.parking import Parking
from agents.worker.partition import Partition
from agents.worker.reasoning import Answered
from agents.worker.recall import Recall
from agents.worker.refusals import Refusals
from agents.worker.routes import Grant
from agents.worker.shoppers import Owed, Shopper
from storage.checkpoints import Write
from streams.errors import StoreUnavailable
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP, RecordBatch
from streams.records.dead_letters import RefusalWindow
from streams.records.intents import Intent
from streams.sessions.ledger import CommitRules, Ticket


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


class Careless(Ingest):
    """Takes what was received for covered."""

    def _event(self, partition: Partition, event: ShopperEvent, *place: Any, **rest: Any) -> bool:
        taken = super()._event(partition, event, *place, **rest)
        owed = partition.shoppers[event.shopper_id].owed
        if owed is not None:
            owed.settle()
        return taken


class Forgetful(Backlog):
    """Settles the older ticket when it merges."""

    def add(self, shopper: Shopper, owed: Owed) -> None:
        if shopper.owed is not None:
            owed.settle()
        super().add(shopper, owed)


class Replacing(Backlog):
    """Forgets the ticket of a replaced upgrade."""

    def note(self, shopper: Shopper, now_s: float, *, action: str, call: bool, appended_ms: int) -> Owed:
        if shopper.owed is not None and shopper.owed.upgrade and call:
            shopper.owed.ticket = None
        return super().note(shopper, now_s, action=action, call=call, appended_ms=appended_ms)


class Hoarding(Backlog):
    """Keeps the void entries of its heaps."""

    def _void(self, shopper: Shopper) -> None:
        shopper.place += 1


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


class Rash(Recall):
    """Folds without what it could not load."""

    async def known(self, partition: Partition, shopper_ids: Collection[str]) -> None:
        with contextlib.suppress(StoreUnavailable):
            await super().known(partition, shopper_ids)


class Patient(Parking):
    """Never parks those who hold the commit."""

    async def park_head_of_line(self, partition: Partition) -> None:
        """Park nobody."""


class Doubling(Ingest):
    """Folds duplicates."""

    def _event(self, partition: Partition, event: ShopperEvent, offset: int, *place: Any, **rest: Any) -> bool:
        session = partition.shoppers[event.shopper_id].session
        if offset > session.folded and event.event_id in session.event_ids:
            event = replace(event, event_id=f"{event.event_id}-{offset}")
        return super()._event(partition, event, offset, *place, **rest)


class Mortal(Checkpoints):
    """Lets contexts expire with their events."""

    def write(self, checkpoint: Checkpoint, intent: Intent | None = None, *, owed: bool) -> Write:
        ends_ms = self.intent_ends_ms(checkpoint.last_ms)
        return replace(super().write(checkpoint, intent, owed=owed), context_expires_at_ms=ends_ms)


class Silent(Checkpoints):
    """Does not tell in a context that a call is owed."""

    def write(self, checkpoint: Checkpoint, intent: Intent | None = None, *, owed: bool) -> Write:  # noqa: ARG002
        return super().write(checkpoint, intent, owed=False)


class Hedging(Dispatch):
    """Asks twice at once, to be quicker."""

    async def _ask(self, grant: Grant, question: Question) -> Answered:
        first, _ = await asyncio.gather(super()._ask(grant, question), super()._ask(grant, question))
        return first


class Overtaking(Dispatch):
    """Shows the rules' intent of events that the running call has not seen."""

    async def _show_rules(self, case: Case) -> None:
        checkpoint = self._checkpoints.take(case.shopper)
        question = case.grant.route.reasoning.ask(case.shopper.session, checkpoint)
        await super()._show_rules(replace(case, checkpoint=checkpoint, question=question))


class Lavish(Dispatch):
    """Shows the rules' intent during every call."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._soft_deadline_s = 0.0

    async def _show_rules(self, case: Case) -> None:
        case.shopper.shown = None
        await self._delivery.show_rules(case)


class Content(Backlog):
    """Never upgrades the intents of the rules."""

    def add(self, shopper: Shopper, owed: Owed) -> None:
        if owed.upgrade and shopper.owed is None and shopper.running is None:
            self.done(shopper)
        else:
            super().add(shopper, owed)


class Quick(Refusals):
    """Settles dead letters at once."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._window = QuickWindow(parts[1])


class QuickWindow(RefusalWindow):
    """Holds nothing."""

    def hold(self, ticket: Ticket, now_s: float) -> None:  # noqa: ARG002
        ticket.settle()
