"""Phrases: texts as words that can be looked for, and the phrases that stand in them. Pure.

Words are compared without case, signs and the s of a plural, so that `Pregnancy-Tests` is `pregnancy test`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from streams.events.texts import visible

L = TypeVar("L")

LEAST_PLURAL = 4
"""Letters of a word whose last s may be a plural's."""

HISSING = ("ches", "shes", "sses", "xes", "zes")
"""Plurals that take an e."""


def stems(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared."""
    seen = text if text.isascii() else visible(text)
    return tuple(map(_stem, _WORD(seen.casefold())))


def levels(category: str) -> tuple[tuple[str, ...], ...]:
    """The levels of a category, the broadest first, each as its words; `and` and empty levels are left out."""
    told = (tuple(word for word in stems(level) if word != "and") for level in _LEVEL(category))
    return tuple(level for level in told if level)


def broadest(category: str) -> str:
    """The first level of a category, as it stands."""
    return next((level.strip() for level in _LEVEL(category) if level.strip()), "")


class PhraseIndex(Generic[L]):
    """Finds phrases among words, by the first word of each. Phrases in a script without spaces are found in words."""

    def __init__(self, phrases: Mapping[str, L]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], L]]] = defaultdict(list)
        self._within: list[tuple[str, L]] = []
        for phrase, label in phrases.items():
            words = stems(phrase)
            if _SPACELESS(phrase):
                self._within.append(("".join(words), label))
            elif words:
                self._by_first[words[0]].append((words, label))

    def labels(self, words: Sequence[str]) -> Iterator[L]:
        """The labels of all phrases that stand there."""
        by_first = self._by_first
        for at, word in enumerate(words):
            for phrase, label in by_first.get(word, ()):
                if len(phrase) == 1 or phrase == tuple(words[at : at + len(phrase)]):
                    yield label
        if self._within:
            text = "".join(words)
            yield from (label for phrase, label in self._within if phrase in text)


def _stem(word: str) -> str:
    if len(word) < LEAST_PLURAL or word[-1] != "s" or word[-2] == "s":
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(HISSING) else word[:-1]


_WORD = re.compile(r"[^\W_]+").findall
_LEVEL = re.compile(r"[^/>|\\.:\u00bb\u203a]+").findall
_SPACELESS = re.compile("[\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af]").search
