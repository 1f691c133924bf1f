"""Reasoning: from a session to the question about it, and from the answer to an intent. Does no I/O."""

from collections.abc import Callable

from msgspec import Struct

from agents.worker.checkpoints import Checkpoint
from clients.calls import Call, Class, Completion, Sampling
from prompts.answer import parse
from prompts.budget import PromptRules
from prompts.compose import compose
from prompts.grounding import ground
from prompts.learned.foresight import Foresight
from prompts.library import PromptLibrary
from prompts.render import DEFAULT_BUDGET, PromptRenderer
from prompts.rules import rules
from prompts.tokens import Count, estimate
from prompts.view import About
from streams.records.intents import Findings, Intent, Waits
from streams.sessions.packing import load
from streams.sessions.session import Session


class Answered(Struct, frozen=True, gc=False):
    """What a model said, after grounding. None for findings: nothing of it held, and the rules speak.

    `removed` has one kind for each thing that grounding took out; `cited`: the answer named evidence that holds.
    """

    findings: Findings | None
    completion: Completion
    removed: tuple[str, ...] = ()
    cited: bool = True


Learned = Callable[[], Foresight | None]
"""Gives what other shoppers teach, by the snapshot in force."""


class Reasoning:
    """Asks about sessions with one version of the prompt and one sampling."""

    def __init__(
        self,
        name: str,
        prompts: PromptLibrary,
        sampling: Sampling,
        budget: PromptRules = DEFAULT_BUDGET,
        count: Count = estimate,
        about: About | None = None,
        learned: Learned = lambda: None,
    ) -> None:
        self.renderer = PromptRenderer(name, prompts, budget, count, about)
        self.template, self.vocabulary, self.sampling = self.renderer.template, prompts.vocabulary, sampling
        self.learned = learned

    def ask(self, session: Session, checkpoint: Checkpoint) -> "SessionQuestion":
        """The question about a session as it stands now, and as `checkpoint` has it."""
        return SessionQuestion(self, session, checkpoint)


class SessionQuestion:
    """One session as it stood, asked about in one way: what a prompt shows of it is made once, here.

    The session moves on while the call runs. The answer is read, and the intent composed, against what was shown.
    """

    def __init__(self, asker: Reasoning, session: Session, checkpoint: Checkpoint) -> None:
        self._asker, self._context = asker, checkpoint.context
        self._view = asker.renderer.view(session)
        self._learned = asker.learned()
        self._by_rules: Findings | None = None
        if self._learned is not None:
            self._view = asker.renderer.offering(self._view, self._rules())

    def call(self, deadline_s: float, traffic_class: Class = "live") -> Call:
        """The call that asks it; `deadline_s` is on the loop's clock."""
        prompt, context, sampling = self._asker.renderer.render(self._view), self._context, self._asker.sampling
        return Call(
            id=f"{context.partition}-{context.position.offset}-{context.owner}",
            prompt=prompt.text,
            deadline_s=deadline_s,
            max_tokens=min(sampling.max_tokens, prompt.max_tokens),
            shopper=context.shopper,
            traffic_class=traffic_class,
            temperature=sampling.temperature,
            seed=sampling.seed,
            stop=prompt.stop,
            json_schema=prompt.json_schema,
            prompt_version=self._asker.template.version,
        )

    def shorten(self) -> bool:
        """Show the newer half of the lines alone from now on; False when there is no half."""
        lines = len(self._view.entries) // 2
        if lines:
            self._view = self._asker.renderer.view(load(self._context.session), lines)
            self._by_rules = None
        return lines > 0

    def read(self, completion: Completion) -> Answered:
        """What the answer says about the session. Raises AnswerRefused."""
        template = self._asker.template
        answer = parse(completion.text, template.examples, foresees=template.foresees)
        grounded = ground(answer, self._view, self._rules(), self._asker.vocabulary)
        findings = None if grounded.abstained else grounded.findings
        return Answered(findings, completion, grounded.removed, grounded.cited)

    def compose(self, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """The intent: the model's where it said something that held, else the rules'."""
        context = self._context
        findings = answered.findings if answered is not None else None
        return compose(
            self._rules() if findings is None else findings,
            self._view,
            shopper=context.shopper,
            source="rules" if findings is None else "model",
            position=str(context.position),
            written_at_ms=now_ms,
            model=answered.completion.model if answered is not None else "",
            replica=answered.completion.replica if answered is not None else "",
            prompt_version=self._asker.template.version,
            waits=waits,
            learned=self._learned.name if self._learned is not None else "",
        )

    def _rules(self) -> Findings:
        """What the rules say: the start of every grounding, and the intent where a model says nothing."""
        if self._by_rules is None:
            self._by_rules = rules(self._view, self._asker.vocabulary, self._learned)
        return self._by_rules
