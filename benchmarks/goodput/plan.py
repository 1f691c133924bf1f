"""Plan: what the bench tries, and what both sides are asked and answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import islice
from statistics import fmean
from typing import Any, Self

from benchmarks.goodput.operator import OperatorRules
from benchmarks.goodput.pipeline import Without
from benchmarks.goodput.traffic import Traffic
from benchmarks.goodput.trial import DEBOUNCE_S, Span, SystemName, Trial
from penchant.settings.root import Settings
from prompts.render import PromptRenderer
from prompts.rules import rules
from sandbox.gpu import simulated_model
from sandbox.gpu.timing import Timing
from sandbox.gpu.tokens import tokens
from streams.sessions.session import Session, SessionRules, fold

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
class GoodputPlan:
    """What to try. A load of 1 is the rate at which one call an event just holds.

    What needs many runs near the limit is tried on `slices` of the GPUs: they take as long for an iteration, and do so
    many times less in it, for as many times fewer shoppers.
    """

    loads: Sequence[float] = (0.5, 1.0, 2.0, 5.0, 10.0)
    span: Span = field(default_factory=Span)
    seeds: Sequence[int] = (1, 2, 3)
    sensitive: Sequence[str] = SENSITIVE
    short: Span = field(default_factory=lambda: Span(15.0, 30.0, 8.0))
    limits: bool = True
    without: bool = True
    sharing: bool = True
    slices: int = 4
    timing: Timing = field(default_factory=Timing)
    replicas: int = 4
    jobs: int = 2

    def trial(self, system: SystemName, rate: float, *, seed: int = 1) -> Trial:
        """A trial with what the plan says."""
        operator = operator_rules(DEBOUNCE_S if system == "debounced" else 0.0)
        trial = Trial(system, rate, operator, intent_tokens(), self.span, self.timing, self.replicas, seed)
        return replace(trial, answer_tokens=answer_tokens())

    def shortly(self) -> Self:
        """The same within less time."""
        return replace(self, span=self.short)

    def sliced(self) -> Self:
        """The same within less time on slices of the GPUs."""
        return replace(self.shortly(), timing=self.timing.sliced(self.slices))

    def described(self) -> dict[str, Any]:
        """For the report."""
        asked = {
            "operator_answer_tokens": intent_tokens(),
            "answer_tokens": answer_tokens(),
            "instruction_tokens": tokens(instructions()),
        }
        return {name: value for name, value in asdict(self).items() if name != "jobs"} | asked


QUICK = GoodputPlan(
    loads=(1.0, 5.0), span=Span(12.0, 12.0, 6.0), seeds=(1,), sensitive=(), limits=False, without=False, sharing=False,
    jobs=1,
)  # fmt: skip


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
    prompt = PromptRenderer(settings.prompt.version).render(Session()).text
    return prompt[: prompt.rindex("Before:")]


@cache
def intent_tokens() -> int:
    """How long an answer is that gives the findings of an intent as they are: JSON with the fields' own names."""
    return round(fmean(tokens(rules(session).dump().decode()) for session in _sessions()))


@cache
def answer_tokens() -> int:
    """How long an answer is in the form that our prompts ask for, to the same sessions."""
    settings = Settings()
    renderer = PromptRenderer(settings.prompt.version)
    return round(fmean(tokens(simulated_model.answer(renderer.render(session).text)) for session in _sessions()))


def _sessions() -> list[Session]:
    """Some that are open at one moment."""
    sessions: dict[str, Session] = {}
    for arrival in Traffic(20.0, 0.0).before:
        session = sessions.setdefault(arrival.shopper, Session())
        fold(session, arrival.event, arrival.offset, arrival.event.time_ms, SessionRules())
    return list(islice(sessions.values(), SAMPLED))
