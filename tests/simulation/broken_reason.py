"""Broken on purpose: what makes intents."""

from collections.abc import Callable

from msgspec import structs

from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Answered
from streams.records.intents import Intent, Waits
from streams.sessions.session import Session
from tests.simulation.reason import PlainQuestion, Reason


class Restamping(Reason):
    """Names the snapshot in force when it writes."""

    def ask(self, session: Session, checkpoint: Checkpoint) -> PlainQuestion:
        """A question that looks again."""
        return _Restamped(session, checkpoint, self.learned)


class _Restamped(PlainQuestion):
    def __init__(self, session: Session, checkpoint: Checkpoint, learned: Callable[[], str]) -> None:
        super().__init__(session, checkpoint, learned)
        self._now = learned

    def compose(self, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """By the snapshot that was in force when it was asked."""
        return structs.replace(super().compose(answered, waits, now_ms), learned=self._now())
