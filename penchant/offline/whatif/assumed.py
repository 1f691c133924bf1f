"""Assumed: questions whose answers are all one text, so that what it says is looked at only where it would be seen.

In virtual time nobody reads the intents. What they say decides one thing: whether rules are shown while a call runs
(agents/worker/rules_first.py). Then both are made as a worker makes them, and not for every call.
"""

from collections import OrderedDict

from msgspec import structs

from agents.worker.asking import Question
from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Answered, Reasoning
from agents.worker.rules_first import shown
from clients.calls import Call, Class, Completion
from streams.records.intents import Findings, Intent, Mission, Waits, Weighted
from streams.sessions.session import Session

SAID = Findings(
    mission=Mission(label="just-looking", text="Assumed"),
    stage="explore",
    brands=(Weighted(name="(assumed)", weight=1.0),),
)
"""What stands for every answer; no rules say that."""

MOST = 20_000
"""Of so many shoppers the last answer is known: those of a minute, after which rules are shown in any case."""

NOW_S = 0.0

Answers = OrderedDict[str, tuple[Question, Completion]]


class AssumedReasoner:
    """Asks as another does."""

    def __init__(self, reasoner: Reasoning) -> None:
        self._reasoner, self._answers = reasoner, Answers()

    def ask(self, session: Session, checkpoint: Checkpoint) -> "AssumedQuestion":
        """The other's question."""
        return AssumedQuestion(self._reasoner.ask(session, checkpoint), checkpoint.context.shopper, self._answers)


class AssumedQuestion:
    """The call is that of the other question. `answers` has the last question of each shopper that was answered."""

    def __init__(self, question: Question, shopper: str, answers: Answers) -> None:
        self._question, self._shopper, self._answers = question, shopper, answers

    def call(self, deadline_s: float, traffic_class: Class = "live") -> Call:
        """The other's call."""
        return self._question.call(deadline_s, traffic_class)

    def shorten(self) -> bool:
        """As the other does."""
        return self._question.shorten()

    def read(self, completion: Completion) -> Answered:
        """What stands for every answer."""
        self._answers[self._shopper] = self._question, completion
        self._answers.move_to_end(self._shopper)
        if len(self._answers) > MOST:
            self._answers.popitem(last=False)
        return Answered(SAID, completion)

    def compose(self, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """The rules' intent says what stands for every answer where it says what the last answer did."""
        intent = self._question.compose(answered, waits, now_ms)
        if answered is not None or (last := self._answers.get(self._shopper)) is None:
            return intent
        question, completion = last
        before = shown(question.compose(question.read(completion), waits, now_ms), NOW_S)
        ours = shown(structs.replace(intent, source="model"), NOW_S)
        same = before is not None and ours is not None and before.news == ours.news
        return structs.replace(intent, **structs.asdict(SAID)) if same else intent
