"""Bounds: answerers that are no model, read and grounded as one is: what the best, a copy and chance can come to. Pure.

The oracle knows what comes. What it scores is the most that any answer can, for grounding holds it as it holds a model;
the prompt must have asked for stage, price and next action.
The parrot repeats the prompt's example, every second time under words of its own, and the random answerer picks among
the window's own names.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import ceil, floor

from msgspec import structs

from penchant.offline.eval.cases import Case, Step
from prompts.answer import HIGHEST, NAMED, OTHER, Answer, parse
from prompts.funnel import JUDGED, NEXT_OF
from prompts.grounding import ground
from prompts.library import PromptTemplate
from prompts.render import inferred
from prompts.view import PromptView
from prompts.vocabulary import Vocabulary
from streams.errors import AnswerRefused
from streams.records.intents import Findings, NextAction

KNOWING, KNOWING_OTHERS = "oracle", "oracle, learned"
"""Those that are far from chance on shuffled events too, and must be."""


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
    answerers: dict[str, Callable[[PromptView, Case, Findings], Answer]] = {
        KNOWING: _oracle,
        "random": lambda view, _case, _rule: _random(view, vocabulary, dice),
    }
    if template.examples:
        copies = cycle((template.examples[0], template.examples[0].model_copy(update={"text": "Looks around"})))
        answerers["parrot"] = lambda _view, _case, _rule: next(copies)
    views = [case.shown.view for case in cases]
    return {name: _bound(says, views, cases, rules_findings, template, vocabulary) for name, says in answerers.items()}


def ceiling(
    cases: Sequence[Case], learned_findings: Sequence[Findings], template: PromptTemplate, vocabulary: Vocabulary
) -> Bound:
    """The oracle who may also choose what other shoppers went on to, as far as the rules infer it."""
    pairs = zip(cases, learned_findings, strict=True)
    views = [structs.replace(case.shown.view, others=inferred(case.shown.view, rule)) for case, rule in pairs]
    return _bound(_oracle, views, cases, learned_findings, template, vocabulary)


def _bound(
    says: Callable[[PromptView, Case, Findings], Answer],
    views: Sequence[PromptView],
    cases: Sequence[Case],
    rules_findings: Sequence[Findings],
    template: PromptTemplate,
    vocabulary: Vocabulary,
) -> Bound:
    """Every answer read and grounded; the rules' findings where nothing of it is kept."""
    findings, kept = [], 0
    for view, case, rule in zip(views, cases, rules_findings, strict=True):
        try:
            answer = parse(says(view, case, rule).write(), template.examples, foresees=True)
        except AnswerRefused:
            findings.append(rule)
            continue
        grounded = ground(answer, view, rule, vocabulary)
        kept += not grounded.abstained
        findings.append(grounded.findings)
    return Bound(findings, round(kept / max(len(cases), 1), 4))


def _oracle(view: PromptView, case: Case, rule: Findings) -> Answer:
    """What comes gets the highest weight, everything else that the prompt names none, and the confidence is whether the
    first category is right then."""
    step = case.unseen or Step("")
    answer = Answer(
        categories=_certain(view.numbered_categories, step.category),
        brands=_certain(view.numbered_brands, step.brand),
        price=_around(view, step.price),
        following=_sure(case.following.action),
        evidence=(view.dropped + len(view.entries),),
    )
    first = ground(answer, view, rule).findings.categories[:1]
    right = bool(first) and first[0].name == step.category
    return answer.model_copy(update={"confidence": HIGHEST if right else 0})


def _certain(names: Sequence[str], right: str) -> tuple[tuple[int, int], ...]:
    if right not in names:
        return ()
    return tuple((number, HIGHEST if name == right else 0) for number, name in enumerate(names, 1))


def _around(view: PromptView, price: float) -> tuple[int, int] | None:
    """From a price to the nearest of the window's, for a range that holds none of those is not believed."""
    shown = [product.price for product in view.described if product.price]
    if not shown or not price:
        return None
    nearest = min(shown, key=lambda each: abs(each - price))
    return floor(min(nearest, price)), ceil(max(nearest, price))


def _sure(action: str) -> dict[str, int]:
    following = NEXT_OF.get(action, "")
    return {name: HIGHEST if name == following else 0 for name in NextAction.__struct_fields__}


def _random(view: PromptView, vocabulary: Vocabulary, dice: random.Random) -> Answer:
    prices = [product.price for product in view.described if product.price]
    return Answer(
        mission=dice.choice((*vocabulary.labels, OTHER)),
        stage=dice.choice(JUDGED),
        categories=_drawn(view.numbered_categories, dice),
        brands=_drawn(view.numbered_brands, dice),
        price=tuple(sorted(round(dice.choice(prices)) for _ in range(2))) if prices else None,
        following={name: dice.randint(0, HIGHEST) for name in NextAction.__struct_fields__},
        confidence=dice.randint(0, HIGHEST),
        evidence=(view.dropped + dice.randint(1, max(len(view.entries), 1)),),
    )


def _drawn(names: Sequence[str], dice: random.Random) -> tuple[tuple[int, int], ...]:
    numbers = dice.sample(range(1, len(names) + 1), min(NAMED, len(names)))
    return tuple((number, dice.randint(0, HIGHEST)) for number in numbers)
