"""Bounds: answerers that are no model, read and grounded as one is: what the best, a copy and chance can come to. Pure.

The oracle knows what comes. What it scores is the most that any answer can, for grounding holds it as it holds a model.
The parrot repeats the prompt's example, and the random answerer picks among the window's own names.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penchant.offline.eval.cases import Case
from prompts.answer import HIGHEST, NAMED, OTHER, Answer, parse
from prompts.grounding import ground
from prompts.library import PromptTemplate
from prompts.vocabulary import Vocabulary
from streams.errors import AnswerRefused
from streams.records.intents import Findings

KNOWING = "oracle"
"""The one that is far from chance on shuffled events too, and must be."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What an answerer's answers came to: findings at each case, the rules' where nothing was kept; and the share of
    cases in which something was."""

    findings: list[Findings]
    kept_share: float


def bounds(
    cases: Sequence[Case],
    rules_findings: Sequence[Findings],
    template: PromptTemplate,
    vocabulary: Vocabulary,
    seed: int,
) -> dict[str, Bound]:
    """By name. The parrot is left out where the template has no example."""
    dice = random.Random(seed)
    answerers: dict[str, Callable[[Case], str]] = {
        KNOWING: lambda case: _oracle(case).write(),
        "random": lambda case: _random(case, vocabulary, dice).write(),
    }
    if template.examples:
        answerers["parrot"] = lambda _: template.examples[0].write()
    pairs = list(zip(cases, rules_findings, strict=True))
    return {
        name: _bound([_read(says(case), case, rule, template, vocabulary) for case, rule in pairs], rules_findings)
        for name, says in answerers.items()
    }


def _read(text: str, case: Case, rule: Findings, template: PromptTemplate, vocabulary: Vocabulary) -> Findings | None:
    """None where nothing of it is kept."""
    try:
        answer = parse(text, template.example_texts)
    except AnswerRefused:
        return None
    grounded = ground(answer, case.shown.view, rule, vocabulary)
    return None if grounded.abstained else grounded.findings


def _bound(read: Sequence[Findings | None], rules_findings: Sequence[Findings]) -> Bound:
    kept = sum(each is not None for each in read)
    findings = [rule if own is None else own for own, rule in zip(read, rules_findings, strict=True)]
    return Bound(findings, round(kept / max(len(read), 1), 4))


def _oracle(case: Case) -> Answer:
    """What comes gets the highest weight, and everything else that the window names none."""
    view, step = case.shown.view, case.unseen
    category, brand = (step.category, step.brand) if step else ("", "")
    return Answer(
        categories=_certain(view.categories, category),
        brands=_certain(view.brands, brand),
        confidence=HIGHEST if category in view.categories else 0,
        evidence=(view.dropped + len(view.entries),),
    )


def _certain(names: Sequence[str], right: str) -> tuple[tuple[int, int], ...]:
    if right not in names:
        return ()
    return tuple((number, HIGHEST if name == right else 0) for number, name in enumerate(names, 1))


def _random(case: Case, vocabulary: Vocabulary, dice: random.Random) -> Answer:
    view = case.shown.view
    return Answer(
        mission=dice.choice((*vocabulary.labels, OTHER)),
        categories=_drawn(view.categories, dice),
        brands=_drawn(view.brands, dice),
        confidence=dice.randint(0, HIGHEST),
        evidence=(view.dropped + dice.randint(1, max(len(view.entries), 1)),),
    )


def _drawn(names: Sequence[str], dice: random.Random) -> tuple[tuple[int, int], ...]:
    numbers = dice.sample(range(1, len(names) + 1), min(NAMED, len(names)))
    return tuple((number, dice.randint(0, HIGHEST)) for number in numbers)
