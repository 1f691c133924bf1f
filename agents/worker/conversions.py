"""Conversions: counts what became of the sessions of each arm, whoever was assigned, holdouts too."""

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.lift import CONVERTS
from agents.experiments.outcomes import Outcomes
from agents.experiments.value import LiftRules, value_added
from streams.events.event import ShopperEvent
from streams.sessions.session import CODES, ROWS_PER_EVENT, Session


class SessionConversions:
    """One for a worker. A session counts when it begins, once for each outcome, and by what its purchases come to.
    Events that are read again after a crash, before their session was stored, count again; in long sessions, so do
    outcomes that left the window."""

    def __init__(self, active_experiments: ActiveExperiments, outcomes: Outcomes, rules: LiftRules) -> None:
        self._active_experiments, self._outcomes, self._rules = active_experiments, outcomes, rules

    def note(self, _: object, event: ShopperEvent, session: Session) -> None:
        """The event has just entered its session."""
        if not self._active_experiments.running:
            return
        counts = value_added(session, event, self._rules)
        if session.events == 1:
            counts["sessions"] = 1
        conversion = CONVERTS.get(event.action)
        rows = min(len(event.items), ROWS_PER_EVENT) or 1
        if conversion is not None and CODES[event.action] not in session.actions[:-rows]:
            counts[conversion] = 1
        if counts:
            arms = self._active_experiments.assign(event.shopper_id).counted
            for what, count in counts.items():
                self._outcomes.note_session(arms, what, count)
