"""Rules: complete findings without a model: the fallback, the baseline, and the numbers that a model may only shift.

They depend on the view alone, which is all that a prompt shows: rules on a session and rules on its prompt agree.
"""

from collections.abc import Sequence

from prompts import interests
from prompts.funnel import avoid, next_action, stage
from prompts.learned.foresight import Foresight
from prompts.missions import Said, label, signals
from prompts.view import Entry, PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY, Vocabulary
from prompts.words import mission_text
from streams.records.intents import Findings, Mission, Weighted
from streams.sessions.session import Session

_SOME = 0.5  # lines that would make us half sure: shoppers stay with a category. Calibrated as in docs/eval.md


def rules(
    session: Session | PromptView, vocabulary: Vocabulary = DEFAULT_VOCABULARY, learned: Foresight | None = None
) -> Findings:
    """What a session shows, by counting. Every name and event in it is from the session's window, but for the names
    that `learned` adds from other shoppers: those are `inferred`."""
    view = PromptView.of(session)
    weighed = interests.weights(view)
    at = stage(view)
    categories, brands = interests.shares(view, weighed)
    said = Said.of(view, categories)
    leading = _leading(view, weighed, categories)
    band = interests.price_band(leading)
    confidence = _confidence(weighed, categories)
    near: tuple[Weighted, ...] = ()
    if learned is not None:
        foreseen = learned.foresee(view, band)
        categories, brands = foreseen.categories or categories, foreseen.brands or brands
        near = foreseen.near
        band = foreseen.band or band
        confidence = confidence if foreseen.confidence is None else foreseen.confidence
    named = _beside(categories, near)
    inferred = _inferred(view, named, brands) if learned is not None else ()
    looked_at = tuple([each for each in brands if each.name not in inferred]) if inferred else brands
    return Findings(
        mission=Mission(
            label=label(view, said, at, categories, vocabulary), text=mission_text(at, categories, looked_at, band)
        ),
        stage=at,
        categories=named,
        brands=brands,
        price_band=band,
        avoid=avoid(view),
        signals=signals(view, said, at, vocabulary),
        next_action=next_action(view, at),
        confidence=confidence,
        evidence=_evidence(view, leading),
        inferred=inferred,
    )


def _beside(categories: tuple[Weighted, ...], near: tuple[Weighted, ...]) -> tuple[Weighted, ...]:
    """The window's categories and those near to them, as shares of all."""
    if not near or not categories:
        return categories
    left = 1 - sum(each.weight for each in near)
    shown = (Weighted(name=each.name, weight=round(each.weight * left, 3)) for each in categories)
    return tuple(sorted((*shown, *near), key=lambda each: -each.weight))


def _inferred(view: PromptView, *named: Sequence[Weighted]) -> tuple[str, ...]:
    """The names that are not the window's."""
    seen = {*view.categories, *view.brands}
    return tuple(dict.fromkeys(each.name for some in named for each in some if each.name not in seen))


def _leading(view: PromptView, weighed: Sequence[float], categories: Sequence[Weighted]) -> list[tuple[Entry, float]]:
    """The entries, with their weights, of the category that leads; all entries where none does."""
    if not categories:
        return list(zip(view.entries, weighed, strict=True))
    number = view.categories.index(categories[0].name) + 1
    rows = zip(view.entries, weighed, view.subjects, strict=True)
    return [(entry, weight) for entry, weight, product in rows if product and product.category == number]


def _confidence(weighed: Sequence[float], categories: Sequence[Weighted]) -> float:
    """How likely the next product that is new is of the category that leads: where that has most of much."""
    lines = len([weight for weight in weighed if weight >= interests.LITTLE])
    focus = categories[0].weight if categories else 0.5
    return round(focus * lines / (lines + _SOME), 3)


def _evidence(view: PromptView, leading: Sequence[tuple[Entry, float]]) -> tuple[str, ...]:
    """The lines that weigh most in the leading category, and the last search, in the order of the log."""
    chosen = [entry for entry in view.entries if entry[6]][-1:] if view.queries else []
    heavy = [pair for pair in leading if pair[1]]
    if len(chosen) + len(heavy) > interests.MANY:
        heavy.sort(key=lambda pair: (-pair[1], -pair[0].number))
    chosen += [entry for entry, _ in heavy]
    return tuple(dict.fromkeys([entry.event_id for entry in sorted(chosen[: interests.MANY])]))  # by their numbers
