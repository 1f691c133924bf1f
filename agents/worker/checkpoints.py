"""Checkpoints: a shopper's session, and the intent made from it, as one write with its expiries."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec import Struct, structs

from agents.worker.shoppers import Shopper
from storage.checkpoints import Context, Write
from streams.records.intents import Intent, IntentRules
from streams.sessions.agreement import Agreement, purposes
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import SessionRules


class Checkpoint(Struct, frozen=True, gc=False):
    """A session as it stood when it was taken. Whatever folds in later belongs to the next one.

    `base` is the offset at which the store holds it, as far as we know (-1: not at all); `base_owed`: with a call owed.
    """

    context: Context
    last_ms: int
    base: int = -1
    base_owed: bool = False
    agreement: Agreement | None = None

    @property
    def position(self) -> Position:
        """The last event that it includes."""
        return self.context.position


class Checkpoints:
    """Takes checkpoints in the name of one worker. `clock_ms` is wall time in epoch milliseconds.

    `default_purposes` is what shoppers agree to who did not say. An intent dies by event time, so that replaying old
    events revives nothing. A context lives until the later of that and now plus the session gap and a margin.
    """

    def __init__(
        self,
        worker: str,
        intent: IntentRules,
        session: SessionRules,
        clock_ms: Callable[[], int],
        *,
        lineage: int,
        generation: int = 0,
        default_purposes: Sequence[str] | None = None,
    ) -> None:
        self._worker, self.clock_ms = worker, clock_ms
        self._ttl_ms = round(intent.ttl_s * 1e3)
        self._context_ms = round((session.gap_s + intent.context_margin_s) * 1e3)
        self._lineage, self._generation = lineage, generation
        self._default_purposes = default_purposes

    def take(self, shopper: Shopper) -> Checkpoint:
        """The shopper's session as it stands now."""
        session, home = shopper.session, shopper.home
        position = Position(self._lineage, session.folded, self._generation)
        owner = f"{self._worker}:{home.epoch}"
        context = Context(shopper.id, position, home.number, owner, dump(session), shopper.erasure)
        return Checkpoint(context, session.last_ms, session.durable, shopper.stored_owed, session.agreement)

    def write(self, checkpoint: Checkpoint, intent: Intent | None = None, *, owed: bool) -> Write:
        """What to hand to the store, with what the shopper agreed to; `owed`: a call is owed all the same."""
        if intent and (agreed := purposes(checkpoint.agreement, self._default_purposes)) is not None:
            intent = structs.replace(intent, purposes=agreed)
        intent_ends = self.intent_ends_ms(checkpoint.last_ms)
        context_ends = max(intent_ends, self.clock_ms() + self._context_ms)
        context = replace(checkpoint.context, owed=True) if owed else checkpoint.context
        ends = intent_ends if intent else 0
        return Write(context, context_ends, intent, ends, checkpoint.base, checkpoint.base_owed)

    def readable_after_ms(self) -> int:
        """An intent whose last event is of this time, or before it, would expire as it is written."""
        return self.clock_ms() - self._ttl_ms

    def intent_ends_ms(self, last_ms: int) -> int:
        """When an intent made from events up to `last_ms` expires, in epoch milliseconds."""
        return last_ms + self._ttl_ms
