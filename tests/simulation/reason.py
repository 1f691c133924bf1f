"""Reason: a Reasoner whose prompts name the session they were made from, so that each intent can be checked exactly."""

from collections.abc import Callable

from msgspec import structs

from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Answered
from clients.calls import Call, Class, Completion
from streams.errors import AnswerRefused
from streams.records.intents import Findings, Intent, Mission, Waits, Window
from streams.sessions.session import Session
from tests.simulation.learned import said, word
from tests.simulation.truth import digest

NO_FINDINGS = Findings(mission=Mission(label="other"), stage="explore")
BLANK = Intent(
    mission=Mission(label="other"),
    stage="explore",
    shopper="",
    window=Window(from_ms=0, to_ms=0, events=0),
    as_of_ms=0,
    written_at_ms=0,
    source="rules",
    position="0:0:0",
)


class Reason:
    """Knows no prompt templates and no rules: M sees the session and the snapshot in force, which `learned` names."""

    def __init__(self, learned: Callable[[], str] = lambda: "") -> None:
        self.learned = learned

    def ask(self, session: Session, checkpoint: Checkpoint) -> "PlainQuestion":
        """About the session that was taken, by the snapshot that is in force now."""
        return PlainQuestion(session, checkpoint, self.learned)


class PlainQuestion:
    """The prompt is the session's name."""

    def __init__(self, session: Session, checkpoint: Checkpoint, learned: Callable[[], str] = lambda: "") -> None:
        if session.folded != checkpoint.context.position.offset:
            raise AssertionError("the prompt is not made from the checkpoint")
        self.checkpoint, self.learned = checkpoint, learned()

    def call(self, deadline_s: float, traffic_class: Class = "live") -> Call:
        """What is asked."""
        context = self.checkpoint.context
        identity = f"{context.partition}-{context.position.offset}-{context.owner}"
        return Call(identity, digest(context.session), deadline_s, 100, context.shopper, traffic_class)

    def shorten(self) -> bool:
        """The session's name is as short as can be."""
        return False

    def read(self, completion: Completion) -> Answered:
        """An answer that is no intent says so."""
        if completion.text == "no intent":
            raise AnswerRefused("schema", "the model babbles")
        mission = Mission(label="other", text=completion.text + word(self.learned))
        return Answered(structs.replace(NO_FINDINGS, mission=mission), completion)

    def compose(self, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """The model's words, or the rules' in their place."""
        context = self.checkpoint.context
        findings = answered.findings if answered is not None else None
        text = findings.mission.text if findings else said(context.session, "rules", self.learned)
        return structs.replace(
            BLANK,
            mission=Mission(label="other", text=text),
            shopper=context.shopper,
            as_of_ms=self.checkpoint.last_ms,
            written_at_ms=now_ms,
            source="rules" if findings is None else "model",
            position=str(context.position),
            waits=waits,
            learned=self.learned,
        )
