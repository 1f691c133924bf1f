"""Steps: how far an answer may move what the rules say. Pure.

A hostile title that persuades the model moves nothing further either. What is cut, or has nothing to stand on, is told
in `removed`, by its kind.
"""

from collections.abc import Mapping, Sequence

from msgspec import structs

from prompts.answer import HIGHEST
from prompts.funnel import JUDGED
from prompts.view import PromptView
from streams.records.intents import NextAction, PriceBand, Stage

FACTOR = 2.0
"""How far a model may move a weight, up or down, before shares are made to fill what they filled again; how far each
end of the price band, and each chance of a next action."""

SIGNAL_STEP, CONFIDENCE_STEP = 0.5, 0.2
"""How far a model may move a signal and the confidence."""


def stage(said: str | None, rule: Stage, removed: list[str]) -> Stage:
    """One step towards what is said, among the stages that are a judgement."""
    if said is None or rule not in JUDGED:
        return rule
    if said not in JUDGED:
        removed.append("stage")
        return rule
    at = JUDGED.index(rule)
    return JUDGED[at + max(-1, min(1, JUDGED.index(said) - at))]


def price_band(
    said: Sequence[float] | None, rule: PriceBand | None, view: PromptView, removed: list[str]
) -> PriceBand | None:
    """Both ends moved towards what is said. A range that holds no price of the window is about another shopper."""
    if said is None:
        return rule
    if rule is None or not _holds_one(said, rule.currency, view):
        removed.append("band")
        return rule
    low, high = (_end(each, end) for each, end in zip(said, (rule.low, rule.high), strict=True))
    return PriceBand(low=low, high=max(low, high), currency=rule.currency)


def next_action(said: Mapping[str, int] | None, rule: NextAction, removed: list[str]) -> NextAction:
    """The chances that are named moved towards their levels, and all made to sum to one again."""
    if not said:
        return rule
    old = structs.asdict(rule)
    moved = dict(old)
    for name, each in said.items():
        if name in old:
            moved[name] = towards(level(each, "next", removed), old[name], old[name] / FACTOR, old[name] * FACTOR)
        else:
            removed.append("next")
    total = sum(moved.values())
    return rule if moved == old else NextAction(**{name: round(share / total, 3) for name, share in moved.items()})


def level(said: int, kind: str, removed: list[str]) -> int:
    """A level within bounds; one that was not is told."""
    if not 0 <= said <= HIGHEST:
        removed.append(kind)
    return min(max(said, 0), HIGHEST)


def towards(said: int, start: float, low: float, high: float) -> float:
    """The share that a level stands for, within bounds; `start` itself where the level says the same more coarsely."""
    if said == round(start * HIGHEST):
        return start
    return round(min(max(said / HIGHEST, low, 0.0), high, 1.0), 3)


def _holds_one(said: Sequence[float], currency: str, view: PromptView) -> bool:
    """Whether a price of the window is in the range, which is told in whole units."""
    if len(said) != len(("low", "high")):
        return False
    low, high = said
    priced = (product.price for product in view.described if product.price and product.currency == currency)
    return any(low <= price < high + 1 for price in priced)


def _end(said: float, end: float) -> float:
    return end if round(said) == round(end) else round(float(min(max(said, end / FACTOR), end * FACTOR)), 2)
