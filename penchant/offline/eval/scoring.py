"""Scoring: everybody's guesses at the cuts of a recording: trivial rules, bounds, rules and models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from penchant.offline.eval.answers import Answers, Subject
from penchant.offline.eval.bounds import KNOWING_OTHERS, bounds, ceiling
from penchant.offline.eval.cases import Cases, cases
from penchant.offline.eval.guesses import SILENT, TRIVIAL, Guess, of_findings
from penchant.offline.eval.left_out import HELD, standing
from penchant.offline.eval.models import ask
from penchant.offline.eval.raw_answers import RawAnswers
from penchant.offline.eval.table import Score, Table
from penchant.offline.learning import AsItGoes, Foresights
from prompts.library import DEFAULT_PROMPTS, PromptTemplate
from prompts.rules import rules
from prompts.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from streams.events.event import ShopperEvent
from streams.records.intents import Findings

RULES, LEARNED, PREDICTED = "rules", "learned", "predicted"
ALONE = "{}, alone"
"""What a model scores when the rules do not stand in where it said nothing that holds."""


FIRST = DEFAULT_PROMPTS.template("v1")


class Progress(Protocol):
    """What shows people how far it is."""

    def begin(self, what: str, total: int) -> None: ...

    def advance(self, steps: int) -> None: ...


@dataclass(frozen=True, slots=True)
class EvalPlan:
    """What to evaluate. `template` is the one whose example a parrot repeats. `cut` makes the cases, which a test of
    the harness may replace by one that leaks; `foresights` says by which snapshot the rules may foresee. For so many
    seconds an answer stands in columns of its own, as long as nothing changes; 0: there are none."""

    events: Path
    sessions: int = 2_000
    seed: int = 1
    shuffled: bool = False
    vocabulary: Vocabulary = DEFAULT_VOCABULARY
    cut: Callable[[Sequence[ShopperEvent], int, int], Cases] = cases
    foresights: Callable[[Sequence[ShopperEvent]], Foresights] = AsItGoes
    unchanged_for_s: float = 0.0
    template: PromptTemplate = FIRST


@dataclass(frozen=True, slots=True)
class Scored:
    """What everybody guessed, and what that scored. `kept_shares`: of the answers of each bound, the share of which
    anything was kept. `left_out`: of the calls of each predictor, the share that is left out in its other
    column."""

    table: Table
    findings: dict[str, list[Findings]]
    guesses: dict[str, Sequence[Guess]]
    kept_shares: dict[str, float]
    answers: dict[str, Answers]
    scores: dict[str, dict[str, Score]]
    left_out: dict[str, float]


async def score(
    cut: Cases,
    plan: EvalPlan,
    foresights: Foresights,
    subjects: Sequence[Subject],
    progress: Progress,
    kept: RawAnswers,
    what: str = "",
) -> Scored:
    """Ask whom there is to ask, and score all. Raises ModelUnavailable."""
    findings = by_rules(cut, plan, foresights)
    limits = bounds(cut.cases, findings[RULES], plan.template, plan.vocabulary, plan.seed)
    limits[KNOWING_OTHERS] = ceiling(cut.cases, findings[LEARNED], plan.template, plan.vocabulary)
    guesses: dict[str, Sequence[Guess]] = {
        name: [guess(case.shown) for case in cut.cases] for name, guess in TRIVIAL.items()
    }
    guesses |= {name: list(map(of_findings, each)) for name, each in findings.items()}
    guesses |= {name: list(map(of_findings, each.findings)) for name, each in limits.items()}
    answers: dict[str, Answers] = {}
    for subject in subjects:
        progress.begin(f"{subject.name}{what}", len(cut.cases))
        found = answers[subject.name] = await ask(subject, cut.cases, _base(subject, findings), progress.advance, kept)
        findings[subject.name] = [each.findings for each in found.answers]
        guesses[subject.name] = list(map(of_findings, findings[subject.name]))
        if any(each.by_rules for each in found.answers):
            own = zip(found.answers, guesses[subject.name], strict=True)
            guesses[ALONE.format(subject.name)] = [SILENT if each.by_rules else guess for each, guess in own]
    left_out = _leave_out(cut, plan, findings, guesses) if plan.unchanged_for_s else {}
    table = Table(cut, plan.seed)
    shares = {name: each.kept_share for name, each in limits.items()}
    return Scored(table, findings, guesses, shares, answers, table.scores(guesses), left_out)


def _leave_out(
    cut: Cases, plan: EvalPlan, findings: Mapping[str, list[Findings]], guesses: dict[str, Sequence[Guess]]
) -> dict[str, float]:
    """A column beside each predictor: what it said last, while the rules that stand in for it say the same."""
    shares = {}
    gate = findings[LEARNED]
    for name, own in findings.items():
        stands = standing(cut.cases, findings[RULES] if name == RULES else gate, own, plan.unchanged_for_s)
        guesses[HELD.format(name)] = list(map(of_findings, stands.findings))
        shares[name] = stands.share
    return shares


def _base(subject: Subject, findings: Mapping[str, list[Findings]]) -> list[Findings]:
    """What a model's answers start from: where its prompt offers what other shoppers went on to, that is learned."""
    offers = subject.prompts.template(subject.version).offers
    return findings[LEARNED if offers else RULES]


def by_rules(cut: Cases, plan: EvalPlan, foresights: Foresights) -> dict[str, list[Findings]]:
    """What the rules say, what they say by what was learned, and by a predictor where there is one."""
    views = [case.shown.view for case in cut.cases]
    known = [foresights.at(case.shopper, case.shown.view.to_ms) for case in cut.cases]
    pairs = list(zip(views, known, strict=True))
    found = {
        RULES: [rules(view, plan.vocabulary) for view in views],
        LEARNED: [rules(view, plan.vocabulary, each.by_counts if each else None) for view, each in pairs],
    }
    if any(each and each.predictor for each in known):
        found[PREDICTED] = [rules(view, plan.vocabulary, each) for view, each in pairs]
    return found
