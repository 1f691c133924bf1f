"""Reasoning: from a session to the call that asks about it, and from the answer to an intent. Does no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.checkpoints import Checkpoint
from clients.calls import Call, Completion
from prompts.answer import parse
from prompts.budget import Budget
from prompts.compose import compose
from prompts.grounding import ground
from prompts.render import DEFAULT_BUDGET, PromptRenderer
from prompts.rules import rules
from prompts.tokens import Count, estimate
from prompts.world import About, World
from streams.intents import Findings, Intent, Waits
from streams.packing import load
from streams.sessions import Session


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model is to answer."""

    max_tokens: int = 200
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a model said, after grounding. None for findings: nothing of it held, and the rules speak.

    `cited`: it named evidence that holds. `world` is the window that it was read against.
    """

    findings: Findings | None
    completion: Completion
    removed: int = 0
    world: World | None = None
    cited: bool = True


class Reasoning:
    """Renders, parses and grounds. Every answer is read against the session as it stood when the call was made."""

    def __init__(
        self,
        version: str,
        missions: Sequence[str],
        sampling: Sampling,
        budget: Budget = DEFAULT_BUDGET,
        count: Count = estimate,
        about: About | None = None,
    ) -> None:
        self._renderer = PromptRenderer(version, missions, budget, count, about)
        self._version, self._missions, self._sampling = version, tuple(missions), sampling

    def call(self, session: Session, checkpoint: Checkpoint, deadline_s: float) -> Call:
        """The call that asks about a session; `deadline_s` is on the loop's clock."""
        prompt = self._renderer.render(session)
        context = checkpoint.context
        return Call(
            id=f"{context.partition}-{context.position.offset}-{context.owner}",
            prompt=prompt.text,
            deadline_s=deadline_s,
            max_tokens=min(self._sampling.max_tokens, prompt.max_tokens),
            shopper=context.shopper,
            temperature=self._sampling.temperature,
            seed=self._sampling.seed,
            stop=prompt.stop,
            json_schema=prompt.json_schema,
            prompt_version=self._version,
        )

    def read(self, checkpoint: Checkpoint, completion: Completion) -> Answered:
        """What the answer says about the session. Raises AnswerRefused."""
        answer = parse(completion.text)
        world = self._renderer.world(load(checkpoint.context.session))
        grounded = ground(answer, world, rules(world, self._missions), self._missions)
        findings = None if grounded.abstained else grounded.findings
        return Answered(findings, completion, len(grounded.removed), world, grounded.cited)

    def compose(self, checkpoint: Checkpoint, answered: Answered | None, waits: Waits, now_ms: int) -> Intent:
        """The intent: the model's where it said something that held, else the rules'."""
        context = checkpoint.context
        world = answered.world if answered is not None else None
        world = world or self._renderer.world(load(context.session))
        findings = answered.findings if answered is not None else None
        return compose(
            rules(world, self._missions) if findings is None else findings,
            world,
            shopper=context.shopper,
            source="rules" if findings is None else "model",
            position=str(context.position),
            written_at_ms=now_ms,
            model=answered.completion.model if answered is not None else "",
            replica=answered.completion.endpoint if answered is not None else "",
            prompt_version=self._version,
            waits=waits,
        )
