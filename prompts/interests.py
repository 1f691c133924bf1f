"""Interests: how much of a shopper's attention goes to which category, brand and price. Code counts, the model names.

A line weighs what its action shows, halved for every three lines that came after it. Age is counted in lines rather
than minutes, so that a shopper who pauses is not thought to have forgotten, and so that a prompt shows all of it.
"""

from collections.abc import Iterable, Sequence

from prompts.quantile import below
from prompts.view import Entry, PromptView
from streams.records.intents import PriceBand, Weighted
from streams.sessions.profiles import Counts

STRENGTH = {
    "view": 1.0,
    "click": 1.0,
    "list_view": 0.05,
    "search": 0.0,
    "cart_add": 3.0,
    "cart_remove": 0.0,
    "cart_view": 0.5,
    "checkout": 3.0,
    "purchase": 2.0,
    "refund": 0.0,
    "wishlist_add": 2.0,
}
"""What one line of an action says about wanting; judgement, not measurement."""

MANY = 5
"""Categories, brands and evidence kept: more are no preference."""

LITTLE = 0.1
"""A line that weighs less says nothing any more."""

_FADE = 0.5 ** (1 / 3)  # chosen on one half of REES46's sample, and confirmed on the other: docs/eval.md
_EARLIER, _PROFILE = 0.1, 0.03  # what a dropped line, or one of a closed session, still weighs
_SPREAD, _DOUBT = 0.1, 1.5  # a shopper who saw a lot takes a tenth less or more; of one who saw little, who knows
_TAIL = 0.1  # the share of weight on either side that is taken for a stray


def weights(view: PromptView) -> tuple[float, ...]:
    """What each entry weighs. Lists and glances at the cart pass without ageing what came before."""
    worth = 1.0
    found = []
    for action in reversed(view.actions):
        strength = STRENGTH[action]
        found.append(strength * worth)
        if strength >= 1:
            worth *= _FADE
    found.reverse()
    return tuple(found)


def shares(view: PromptView, weighed: Sequence[float]) -> tuple[tuple[Weighted, ...], tuple[Weighted, ...]]:
    """The categories and the brands of the window with their shares, largest first."""
    categories, brands = [0.0] * (len(view.categories) + 1), [0.0] * (len(view.brands) + 1)
    for product, weight in zip(view.subjects, weighed, strict=True):
        if product is not None:
            categories[product.category] += weight
            brands[product.brand] += weight
    profile, earlier = view.profile, view.earlier
    return (
        _shares(categories, view.categories, profile.categories, earlier.categories),
        _shares(brands, view.brands, profile.brands, earlier.brands),
    )


def price_band(entries: Iterable[tuple[Entry, float]]) -> PriceBand | None:
    """The range that holds most of the weight of the prices, wider where there is little of it; one currency only, the
    one that weighs most."""
    prices: dict[str, list[tuple[float, float]]] = {}
    for entry, weight in entries:
        product = entry.product
        if weight and product and product.price:
            prices.setdefault(product.currency, []).append((product.price, weight))
    if not prices:
        return None
    currency = next(iter(prices))
    if len(prices) > 1:
        currency = max(sorted(prices), key=lambda code: sum([weight for _, weight in prices[code]]))
    ordered = sorted(prices[currency])
    seen = sum([weight for _, weight in ordered])
    low, high = below(ordered, _TAIL * seen), below(ordered, (1 - _TAIL) * seen)
    wider = 1 + _SPREAD + _DOUBT / (1 + seen)
    return PriceBand(low=round(low / wider, 2), high=round(high * wider, 2), currency=currency)


def _shares(scores: Sequence[float], names: Sequence[str], profile: Counts, earlier: Counts) -> tuple[Weighted, ...]:
    """Of the scores by number; what has no name has the number zero."""
    known = {name: score for name, score in zip(names, scores[1:], strict=True) if score}
    if len(known) < 2:  # one has it all
        return tuple([Weighted(name=name, weight=1.0) for name in known])
    for counts, worth in ((earlier, _EARLIER), (profile, _PROFILE)):
        for name, count in counts:
            if name in known:
                known[name] += worth * count
    total = sum(known.values())
    largest = sorted(known.items(), key=lambda entry: (-entry[1], entry[0]))[:MANY]
    return tuple([Weighted(name=name, weight=round(score / total, 3)) for name, score in largest])
