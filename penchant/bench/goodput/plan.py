"""Plan: what the bench tries, and what both sides are asked and answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import islice
from statistics import fmean
from typing import Any

from penchant.bench.goodput.operator import OperatorRules
from penchant.bench.goodput.pipeline import Without
from penchant.bench.goodput.traffic import Traffic
from penchant.bench.goodput.trial import DEBOUNCE_S, Span, SystemName, Trial
from penchant.embedded.timing import Timing
from penchant.embedded.tokens import tokens
from penchant.settings.root import Settings
from prompts.render import PromptRenderer
from prompts.rules import rules
from streams.sessions import Session, SessionRules, fold

SYSTEMS: tuple[SystemName, ...] = ("per event", "debounced", "penchant")
SAMPLED = 200

SENSITIVE = (
    "iteration_ms",
    "prefill_ms_per_token",
    "decode_ms_per_sequence",
    "kv_ms_per_token",
    "max_batch",
    "kv_blocks",
)
"""The GPU's parameters that are halved and doubled, one at a time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try. A load of 1 is the rate at which one call an event just holds."""

    loads: Sequence[float] = (0.5, 1.0, 2.0, 5.0, 10.0)
    span: Span = field(default_factory=Span)
    seeds: Sequence[int] = (1, 2, 3)
    without_at: Sequence[float] = (1.0, 5.0)
    sensitive: Sequence[str] = SENSITIVE
    sensitive_span: Span = field(default_factory=lambda: Span(20.0, 30.0, 8.0))
    own_limit: bool = True
    timing: Timing = field(default_factory=Timing)
    replicas: int = 4
    jobs: int = 2

    def trial(self, system: SystemName, rate: float, *, seed: int = 1) -> Trial:
        """A trial with what the plan says."""
        operator = operator_rules(DEBOUNCE_S if system == "debounced" else 0.0)
        return Trial(system, rate, operator, intent_tokens(), self.span, self.timing, self.replicas, seed)

    def told(self) -> dict[str, Any]:
        """For the report."""
        asked = {"operator_answer_tokens": intent_tokens(), "instruction_tokens": tokens(instructions())}
        return {name: value for name, value in asdict(self).items() if name != "jobs"} | asked


QUICK = Plan(
    loads=(1.0, 5.0), span=Span(12.0, 12.0, 6.0), seeds=(1,), without_at=(), sensitive=(), own_limit=False, jobs=1
)


def switched_off(trial: Trial) -> Mapping[str, Trial]:
    """The same with one thing after the other switched off."""
    return {
        "coalescing": replace(trial, without=Without(coalescing=True)),
        "affinity": replace(trial, without=Without(affinity=True)),
        "append-only prompt": replace(trial, without=Without(appending=True)),
        "all reuse of the KV cache": replace(trial, reuse=False),
        "short answers": replace(trial, answer_tokens=trial.operator_tokens),
        "ordering": replace(trial, without=Without(ordering=True)),
    }


def scaled(timing: Timing, name: str, factor: float) -> Timing:
    """A GPU with one parameter multiplied."""
    value = getattr(timing, name) * factor
    return replace(timing, **{name: type(getattr(timing, name))(value)})


def operator_rules(debounce_s: float) -> OperatorRules:
    """How what is not ours works."""
    return OperatorRules(instructions(), debounce_s=debounce_s)


@cache
def instructions() -> str:
    """What every prompt begins with, here and there."""
    settings = Settings()
    prompt = PromptRenderer(settings.prompt.version, settings.intent.missions).render(Session()).text
    return prompt[: prompt.rindex("Before:")]


@cache
def intent_tokens() -> int:
    """How long an answer is that gives the findings of an intent as they are: JSON with the fields' own names."""
    settings, sessions = Settings(), _sessions()
    found = [rules(session, settings.intent.missions).model_dump_json() for session in sessions]
    return round(fmean(tokens(text) for text in found))


def _sessions() -> list[Session]:
    """Some that are open at one moment."""
    sessions: dict[str, Session] = {}
    for arrival in Traffic(20.0, 0.0).before:
        session = sessions.setdefault(arrival.shopper, Session())
        fold(session, arrival.event, arrival.offset, arrival.event.time_ms, SessionRules())
    return list(islice(sessions.values(), SAMPLED))
