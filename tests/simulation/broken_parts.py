"""Parts of the core that break a rule. Each says which in its docstring."""

import contextlib
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from msgspec import structs

from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.delivery import Case
from agents.worker.dispatch import Dispatch
from agents.worker.ingest import Ingest
from agents.worker.parking import Parking
from agents.worker.partition import Partition
from agents.worker.recall import Recall
from agents.worker.refusals import Refusals
from agents.worker.shoppers import Owed, Shopper
from storage.checkpoints import Context, Erased, Write
from streams.errors import StoreUnavailable
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP
from streams.records.dead_letters import RefusalWindow
from streams.records.intents import Intent
from streams.sessions.ledger import Ticket
from streams.sessions.packing import load
from streams.sessions.triggers import Rhythm, TriggerRules


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
        return structs.replace(super().write(checkpoint, intent, owed=owed), context_expires_at_ms=ends_ms)


class Silent(Checkpoints):
    """Does not tell in a context that a call is owed."""

    def write(self, checkpoint: Checkpoint, intent: Intent | None = None, *, owed: bool) -> Write:  # noqa: ARG002
        return super().write(checkpoint, intent, owed=False)


class Overtaking(Dispatch):
    """Shows the rules' intent of events that the running call has not seen."""

    async def _show_rules(self, case: Case) -> None:
        checkpoint = self._checkpoints.take(case.shopper)
        question = case.permit.route.reasoning.ask(case.shopper.session, checkpoint)
        await super()._show_rules(structs.replace(case, checkpoint=checkpoint, question=question))


class Lavish(Dispatch):
    """Shows the rules' intent during every call."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._soft_deadline_s = 0.0

    async def _show_rules(self, case: Case) -> None:
        case.shopper.shown, self._meter.rules_shown = None, 0
        await super()._show_rules(case)


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


class Nostalgic(Checkpoints):
    """Asks for intents that nobody could read."""

    def readable_after_ms(self) -> int:
        return -1


class Reviving(Checkpoints):
    """Lets intents live from when they are written."""

    def intent_ends_ms(self, last_ms: int) -> int:
        return super().intent_ends_ms(max(last_ms, self.clock_ms()))


class Eager(Backlog):
    """Makes the next call at once."""

    def __init__(self, triggers: TriggerRules, rules: BacklogRules, rhythm: Rhythm | None = None) -> None:
        super().__init__(replace(triggers, min_interval_s=0.0, debounce_s=0.0), rules, rhythm)


class Single(Ingest):
    """Takes the first event of a record alone."""

    def _event(self, partition: Partition, event: ShopperEvent, *place: Any, **_: Any) -> bool:
        return super()._event(partition, event, *place, follows=False)


class Ancestral(Recall):
    """Takes offsets of an earlier log for those of its own."""

    def _enter(self, partition: Partition, shopper_id: str, context: Context | Erased | None) -> None:
        if isinstance(context, Context):
            position = context.position._replace(lineage=self.lineage)
            context = replace(context, position=position, partition=partition.number)
        super()._enter(partition, shopper_id, context)


class Fragile(Recall):
    """Ends at a stored session that cannot be read."""

    def _enter(self, partition: Partition, shopper_id: str, context: Context | Erased | None) -> None:
        if isinstance(context, Context):
            load(context.session)
        super()._enter(partition, shopper_id, context)


class Amnesiac(Ingest):
    """Forgets at which events our code failed."""

    def _spoil(self, tp: TP, partition: Partition, shopper_id: str, offset: int) -> None:
        super()._spoil(tp, partition, shopper_id, offset)
        self._spoiled[tp].clear()


class Brittle(Ingest):
    """Ends at an event that our code fails at."""

    def _spoil(self, tp: TP, partition: Partition, shopper_id: str, offset: int) -> None:  # noqa: ARG002
        raise RuntimeError("an event that nobody expected")


class Shrugging(Ingest):
    """Goes on with a session that was left half changed."""

    def _spoil(self, tp: TP, partition: Partition, shopper_id: str, offset: int) -> None:  # noqa: ARG002
        partition.ledger.received(offset)
