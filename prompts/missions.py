"""Missions and signals by rules: what a shopper says in searches, and the shape of what was looked at.

Titles are not read here. Sellers write them, and a rule that believed them would let a seller steer it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from prompts.answer import OTHER
from prompts.view import PromptView
from prompts.vocabulary import Shape, Vocabulary
from streams.records.intents import NO_SIGNALS, Stage, Weighted

URGENCY = "urgency"
"""The signal that a cart and a checkout tell as well."""

_WORD = re.compile(r"[^\W_]+")
_NOTHING: frozenset[str] = frozenset()
_SAID, _CHECKOUT, _CART = 0.8, 0.7, 0.4
_FOCUSED = 0.5
_SEVERAL = 3
_REMEMBERED = 8_192


class Said(NamedTuple):
    """The words of a window's searches, and these with those of the category that leads."""

    searched: frozenset[str]
    both: frozenset[str]

    @classmethod
    def of(cls, view: PromptView, categories: Sequence[Weighted]) -> "Said":
        searched = _words(view.queries) if view.queries else _NOTHING
        return cls(searched, searched | _words_of(categories[0].name) if categories else searched)


def signals(view: PromptView, said: Said, stage: Stage, vocabulary: Vocabulary) -> Mapping[str, float]:
    """Signs of what the vocabulary has words for, in what is searched for and leads. Haste is told by searches alone; a
    full cart is a mild one."""
    words, found = said.both, dict(NO_SIGNALS)
    for name, known in vocabulary.signals.items():
        found[name] = 0.0 if words.isdisjoint(known.words) else _SAID
    if (haste := vocabulary.signals.get(URGENCY)) is not None:
        found[URGENCY] = _urgency(view, stage, said=not said.searched.isdisjoint(haste.words))
    return found


def label(view: PromptView, said: Said, stage: Stage, categories: Sequence[Weighted], vocabulary: Vocabulary) -> str:
    """The first mission that holds: by a word that tells it, by all words of its own label, by its shape."""
    said_at_all, told_by = said.both, vocabulary.told_by
    if told := [told_by[word] for word in said_at_all if word in told_by]:
        return vocabulary.labels[min(told)]
    for name, words in vocabulary.by_label.items():
        if words <= said_at_all:
            return name
    for name, shape in vocabulary.by_shape.items():
        if _SHAPES[shape](view, stage, categories):
            return name
    return OTHER


def _urgency(view: PromptView, stage: Stage, *, said: bool) -> float:
    urgency = _SAID if said else _CART if stage == "cart" else 0.0
    if view.actions[-1:] == ("checkout",):
        return max(urgency, _CHECKOUT)
    return urgency


def _words(texts: Sequence[str]) -> frozenset[str]:
    return _NOTHING.union(*map(_words_of, texts))


@lru_cache(_REMEMBERED)
def _words_of(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _restocks(view: PromptView, _: Stage, __: Sequence[Weighted]) -> bool:
    """Several products put in the cart with hardly a look."""
    if "cart_add" not in view.actions:
        return False
    taken = {entry.product.number for entry in view.entries if entry.product and entry.action == "cart_add"}
    looks = sum(entry.action in {"view", "click"} for entry in view.entries)
    return len(taken) > 1 and looks <= len(taken)


def _completes(view: PromptView, _: Stage, __: Sequence[Weighted]) -> bool:
    """Took a product, and looks at another kind from the same part of the shop."""
    if _TAKES.isdisjoint(view.actions):
        return False
    taken = {entry.product.category for entry in view.entries if entry.product and entry.action in _TAKES} - {0}
    last = next((entry.product.category for entry in reversed(view.entries) if entry.product), 0)
    parts = {_part(view.categories[number - 1]) for number in taken}
    return last > 0 and last not in taken and _part(view.categories[last - 1]) in parts


def _researches(_: PromptView, stage: Stage, __: Sequence[Weighted]) -> bool:
    """Goes over products of a kind without taking one."""
    return stage in {"compare", "decide"}


def _just_looks(view: PromptView, stage: Stage, categories: Sequence[Weighted]) -> bool:
    """Several products, and no kind of them stands out."""
    focus = categories[0].weight if categories else 0.0
    return stage in {"explore", "compare"} and len(view.products) >= _SEVERAL and focus < _FOCUSED


@lru_cache(_REMEMBERED)
def _part(category: str) -> str:
    return re.split(r"[/.>]", category)[0].strip()


_TAKES = frozenset({"cart_add", "purchase"})
_SHAPES: dict[Shape, Callable[[PromptView, Stage, Sequence[Weighted]], bool]] = {
    "restock": _restocks,
    "complete-a-set": _completes,
    "just-looking": _just_looks,
    "research": _researches,
}
