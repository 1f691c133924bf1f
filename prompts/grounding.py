"""Grounding: what may stand of a model's answer. A closed world: the model names and weighs, code counts.

Whatever the answer says, the avoid list is the rules'. All numbers and the stage move from the rules' value by a
bounded step (prompts/steps.py). Free text is bounded, goes nowhere but into `mission.text`, and stands only if all
its words are borne out.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from prompts.answer import OTHER, Answer
from prompts.guard import plain
from prompts.interests import MANY
from prompts.steps import CONFIDENCE_STEP, FACTOR, SIGNAL_STEP, level, next_action, price_band, stage, towards
from prompts.view import Entry, PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from prompts.wording import unknown_words
from prompts.words import LONGEST
from streams.records.intents import Attribute, Findings, Mission, Weighted
from streams.sessions.session import Session

_FAINT = 0.05  # the weight that a name of the window starts from when the rules have left it out
_VALUE = 24
_MOST_ATTRIBUTES = 4


class Grounded(Struct, frozen=True, gc=False):
    """Findings that name nothing outside the window, but for what other shoppers taught. `removed` has one kind
    (`category`, `evidence`, ...) for each thing that was taken out. `abstained`: the answer had nothing to say, and the
    findings are the rules'. `cited`: it named evidence that holds."""

    findings: Findings
    removed: tuple[str, ...]
    abstained: bool
    cited: bool = False


def ground(
    answer: Answer,
    session: Session | PromptView,
    rules_findings: Findings,
    vocabulary: Vocabulary = DEFAULT_VOCABULARY,
) -> Grounded:
    """Check an answer against the session, or better the view, that its prompt was rendered from."""
    view, rule = PromptView.of(session), rules_findings
    removed: list[str] = []
    mission = _mission(answer, view, rule, vocabulary, removed)
    categories = _named("category", answer.categories, view.numbered_categories, removed)
    brands = _named("brand", answer.brands, view.numbered_brands, removed)
    attributes = _attributes(answer, view, vocabulary, removed)
    evidence = _evidence(answer, view, removed)
    if not (mission or categories or brands or attributes or evidence):
        return Grounded(rule, tuple(removed), abstained=True)
    shown = _reweigh(categories, rule.categories), _reweigh(brands, rule.brands)
    findings = Findings(
        mission=mission or rule.mission,
        categories=shown[0],
        brands=shown[1],
        inferred=_still_shown(rule.inferred, shown) if rule.inferred else (),
        attributes=attributes,
        stage=stage(answer.stage, rule.stage, removed),
        price_band=price_band(answer.price, rule.price_band, view, removed),
        avoid=rule.avoid,
        next_action=next_action(answer.following, rule.next_action, removed),
        signals=_signals(answer, rule.signals, vocabulary, removed),
        confidence=_confidence(answer, rule.confidence, removed),
        evidence=evidence or rule.evidence,
    )
    return Grounded(findings, tuple(removed), abstained=False, cited=bool(evidence))


def _still_shown(names: Sequence[str], shown: Sequence[tuple[Weighted, ...]]) -> tuple[str, ...]:
    """The inferred names that are among what is shown."""
    kept = {each.name for some in shown for each in some}
    return tuple([name for name in names if name in kept])


def _mission(
    answer: Answer, view: PromptView, rule: Findings, vocabulary: Vocabulary, removed: list[str]
) -> Mission | None:
    """The answer's mission, the rules' text where its own says what nothing known bears out; None where it says neither
    a known label nor anything in words. The label never hangs on the wording, which a title may have led."""
    text = plain(answer.text, LONGEST)
    unknown = unknown_words(text, view, rule, vocabulary)
    if unknown or text != " ".join(answer.text.split()):
        removed.append("text")
    shown = rule.mission.text if unknown or not text else text
    if answer.mission == OTHER or answer.mission in vocabulary.missions:
        return Mission(label=answer.mission, text=shown) if text or answer.mission != OTHER else None
    removed.append("mission")
    return Mission(label=rule.mission.label, text=shown) if text and not unknown else None


def _named(kind: str, said: Sequence[tuple[int, int]], names: Sequence[str], removed: list[str]) -> dict[str, int]:
    """The names that the answer's numbers stand for, with its levels."""
    known = {}
    for number, weight in said:
        if 1 <= number <= len(names):
            known[names[number - 1]] = level(weight, kind, removed)
        else:
            removed.append(kind)
    return known


def _reweigh(levels: Mapping[str, int], rule: tuple[Weighted, ...]) -> tuple[Weighted, ...]:
    """The rules' weights, those that the answer names moved towards what it says, filling the same share as before."""
    old = {each.name: each.weight for each in rule}
    new = dict(old)
    for name, said in levels.items():
        start = old.get(name, _FAINT)
        new[name] = towards(said, start, start / FACTOR, start * FACTOR)
    if new == old:
        return rule
    fill = (sum(old.values()) or _FAINT) / sum(new.values())
    largest = sorted(new.items(), key=_largest_first)[:MANY] if len(new) > 1 else new.items()
    return tuple([Weighted(name=name, weight=round(min(weight * fill, 1.0), 3)) for name, weight in largest])


def _largest_first(pair: tuple[str, float]) -> tuple[float, str]:
    return -pair[1], pair[0]


def _attributes(answer: Answer, view: PromptView, vocabulary: Vocabulary, removed: list[str]) -> tuple[Attribute, ...]:
    """Attributes of the vocabulary whose value stands in a title or search of the window, or in what the shop says of
    its products, weighed by the share of lines that have it."""
    if not answer.attributes:
        return ()
    texts = [_said(entry).casefold() for entry in view.entries]
    texts = [text for text in texts if text]
    found: list[Attribute] = []
    for name, said in answer.attributes.items():
        value = plain(said, _VALUE).casefold()
        lines = sum(map(bool, map(_word(value), texts))) if value and _allowed(name, value, vocabulary) else 0
        if lines and len(found) < _MOST_ATTRIBUTES:
            found.append(Attribute(name=name, value=value, weight=round(lines / len(texts), 3)))
        else:
            removed.append("attribute")
    return tuple(found)


def _allowed(name: str, value: str, vocabulary: Vocabulary) -> bool:
    """Whether the vocabulary has the attribute, and the value where it lists them."""
    values = vocabulary.attributes.get(name)
    return values is not None and (not values or value in values)


def _said(entry: Entry) -> str:
    return entry.query if entry.product is None else f"{entry.product.title} {entry.product.about}".strip()


def _word(value: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)").search


def _evidence(answer: Answer, view: PromptView, removed: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    for number in answer.evidence:
        at = number - view.dropped - 1
        if 0 <= at < len(view.entries):
            found.append(view.entries[at].event_id)
        else:
            removed.append("evidence")
    return tuple(dict.fromkeys(found))[:MANY]


def _signals(
    answer: Answer, rule: Mapping[str, float], vocabulary: Vocabulary, removed: list[str]
) -> Mapping[str, float]:
    if not answer.signals:
        return rule
    moved, known = {}, rule
    for name, said in answer.signals.items():
        if name in vocabulary.signals:
            start = known.get(name, 0.0)
            moved[name] = towards(level(said, "signal", removed), start, start - SIGNAL_STEP, start + SIGNAL_STEP)
        else:
            removed.append("signal")
    return {**rule, **moved}


def _confidence(answer: Answer, start: float, removed: list[str]) -> float:
    if answer.confidence is None:
        return start
    said = level(answer.confidence, "confidence", removed)
    return towards(said, start, 0.0, start + CONFIDENCE_STEP)
