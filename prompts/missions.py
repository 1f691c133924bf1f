"""Missions and signals by rules: what a shopper says in searches, and the shape of what was looked at.

Titles are not read here. Sellers write them, and a rule that believed them would let a seller steer it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from prompts.answer import OTHER
from prompts.view import PromptView
from streams.records.intents import Signals, Stage, Weighted

WORDS: dict[str, frozenset[str]] = {
    "gift": frozenset({"gift", "gifts", "present", "presents", "geschenk", "cadeau", "regalo"}),
    "seasonal": frozenset({"christmas", "xmas", "halloween", "easter", "valentine", "valentines", "ramadan", "diwali"}),
    "occasion": frozenset({"wedding", "birthday", "party", "anniversary", "graduation", "baptism", "prom"}),
    "replace-or-repair": frozenset({"replacement", "replace", "repair", "spare", "refill", "broken"}),
    "upgrade": frozenset({"upgrade", "newest", "latest"}),
    "new-hobby": frozenset({"beginner", "beginners", "starter", "learn"}),
    "bargain-hunt": frozenset(
        {"sale", "cheap", "cheapest", "discount", "deal", "deals", "outlet", "coupon", "bargain"}
    ),
    "home-project": frozenset({"diy", "construction", "tools", "paint", "renovation", "garden"}),
}
"""Missions that a word of a search or of a category tells."""

URGENT = frozenset({"today", "tomorrow", "express", "urgent", "now"})

_WORD = re.compile(r"[^\W_]+")
_SAID, _CHECKOUT, _CART = 0.8, 0.7, 0.4
_FOCUSED = 0.5
_SEVERAL = 3


class Said(NamedTuple):
    """The words of a window's searches, and those of the category that leads."""

    searched: frozenset[str]
    leading: frozenset[str]

    @classmethod
    def of(cls, view: PromptView, categories: Sequence[Weighted]) -> "Said":
        searches = {entry.query for entry in view.entries if entry.query}
        return cls(_words(searches), _words(each.name for each in categories[:1]))


def signals(view: PromptView, said: Said, stage: Stage) -> Signals:
    """Signs of urgency, gift and season, in what is searched for and leads; a full cart is a mild urgency."""
    urgency = _SAID if said.searched & URGENT else _CART if stage == "cart" else 0.0
    if view.entries and view.entries[-1].action == "checkout":
        urgency = max(urgency, _CHECKOUT)
    words = said.searched | said.leading
    gift, seasonal = (_SAID if words & WORDS[name] else 0.0 for name in ("gift", "seasonal"))
    return Signals(urgency=urgency, gift=gift, seasonal=seasonal)


def label(view: PromptView, said: Said, stage: Stage, categories: Sequence[Weighted], missions: Sequence[str]) -> str:
    """The first configured mission that holds: by a word that tells it, by all of its own words, by its shape."""
    said_at_all = said.searched | said.leading
    for name, words in WORDS.items():
        if name in missions and said_at_all & words:
            return name
    for name in missions:
        if name not in MISSIONS and said_at_all.issuperset(_WORD.findall(name.casefold()) or {""}):
            return name
    holding = (name for name, holds in _SHAPES.items() if name in missions and holds(view, stage, categories))
    return next(holding, OTHER)


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORD.findall(text.casefold()))


def _restocks(view: PromptView, _: Stage, __: Sequence[Weighted]) -> bool:
    """Several products put in the cart with hardly a look."""
    taken = {entry.product.number for entry in view.entries if entry.product and entry.action == "cart_add"}
    looks = sum(entry.action in {"view", "click"} for entry in view.entries)
    return len(taken) > 1 and looks <= len(taken)


def _completes(view: PromptView, _: Stage, __: Sequence[Weighted]) -> bool:
    """Took a product, and looks at another kind from the same part of the shop."""
    taken = {entry.product.category for entry in view.entries if entry.product and entry.action in _TAKES} - {0}
    last = next((entry.product.category for entry in reversed(view.entries) if entry.product), 0)
    return last > 0 and last not in taken and _part(view, last) in {_part(view, number) for number in taken}


def _researches(_: PromptView, stage: Stage, __: Sequence[Weighted]) -> bool:
    """Goes over products of a kind without taking one."""
    return stage in {"compare", "decide"}


def _just_looks(view: PromptView, stage: Stage, categories: Sequence[Weighted]) -> bool:
    """Several products, and no kind of them stands out."""
    focus = categories[0].weight if categories else 0.0
    return stage in {"explore", "compare"} and len(view.products) >= _SEVERAL and focus < _FOCUSED


def _part(view: PromptView, category: int) -> str:
    return re.split(r"[/.>]", view.categories[category - 1])[0].strip()


_TAKES = frozenset({"cart_add", "purchase"})
_SHAPES: dict[str, Callable[[PromptView, Stage, Sequence[Weighted]], bool]] = {
    "restock": _restocks,
    "complete-a-set": _completes,
    "just-looking": _just_looks,
    "research": _researches,
}
MISSIONS: tuple[str, ...] = (*WORDS, *_SHAPES)
"""The missions that the rules know. A configured list may have others, which a model knows by their words."""
