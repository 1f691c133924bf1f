"""Conversions: counts what became of the sessions of each arm, whoever was assigned, holdouts too."""

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.lift import CONVERTS
from agents.experiments.outcomes import Outcomes
from streams.events.event import ShopperEvent
from streams.sessions.session import CODES, ROWS_PER_EVENT, Session


class SessionConversions:
    """One for a worker. A session counts when it begins, and once for each outcome. Events that are read again after a
    crash, before their session was stored, count again; in long sessions, so do outcomes that left the window."""

    def __init__(self, active_experiments: ActiveExperiments, outcomes: Outcomes) -> None:
        self._active_experiments, self._outcomes = active_experiments, outcomes

    def note(self, _: object, event: ShopperEvent, session: Session) -> None:
        """The event has just entered its session."""
        if not self._active_experiments.running:
            return
        began, conversion = session.events == 1, CONVERTS.get(event.action)
        if conversion is not None:
            code, rows = CODES[event.action], min(len(event.items), ROWS_PER_EVENT) or 1
            if code in session.actions[:-rows]:
                conversion = None
        if began or conversion is not None:
            arms = self._active_experiments.assign(event.shopper_id).counted
            if began:
                self._outcomes.note_session(arms, "sessions")
            if conversion is not None:
                self._outcomes.note_session(arms, conversion)
