"""Reasoning: from a session to the call that asks about it, and from the answer to an intent. Does no I/O."""

from dataclasses import dataclass

from agents.checkpoints import Checkpoint
from clients.calls import Call, Completion
from prompts.answer import parse
from prompts.compose import compose
from prompts.grounding import ground
from prompts.render import PromptRenderer
from prompts.rules import rules
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
    """What a model said that held: findings after grounding, and how many claims were removed."""

    findings: Findings
    completion: Completion
    removed: int = 0


class Reasoning:
    """Renders, parses and grounds. Every answer is read against the session as it stood when the call was made."""

    def __init__(self, renderer: PromptRenderer, sampling: Sampling) -> None:
        self._renderer, self._sampling = renderer, sampling

    def call(self, session: Session, checkpoint: Checkpoint, deadline_s: float) -> Call:
        """The call that asks about a session."""
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
        )
