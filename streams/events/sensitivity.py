"""Sensitivity: what becomes of a product or a search, by what the shop says and what Penchant ships. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from streams.events.event import Item
from streams.events.phrases import PhraseIndex, broadest, levels, stems
from streams.events.privacy import Handling, PrivacyRules, SensitiveEntry
from streams.events.redaction import hashed
from streams.events.sensitive_topics import SHIPPED

REMEMBERED = 65_536
"""Products and searches remembered at most, each."""

STRICTNESS: Mapping[Handling, int] = {"allow": 0, "coarsen": 1, "drop": 2}


class Verdict(NamedTuple):
    """What becomes of something, and by which pattern: a topic, or the shop's own entry. `branch`: the shop named its
    category."""

    handling: Handling
    pattern: str = ""
    branch: bool = False


HARMLESS = Verdict("allow")
ANY = "(?:[^/]*/)*"
"""Any number of levels."""


class Branch(NamedTuple):
    """A shop's pattern of categories; `weight` is how many levels it names, and how much of them is no wildcard."""

    matches: re.Pattern[str]
    weight: tuple[int, int]
    verdict: Verdict


class Sensitivity:
    """Judges products and searches. What was judged is remembered, since most come again."""

    def __init__(self, rules: PrivacyRules) -> None:
        handlings = rules.handlings()
        self._products = {
            entry.text: Verdict(handling, "product") for entry, handling in handlings.items() if entry.kind == "product"
        }
        self._branches = [_branch(entry, handling) for entry, handling in handlings.items() if entry.kind == "category"]
        self._own = PhraseIndex(
            {
                entry.text: Verdict(handling, f"word:{entry.text}")
                for entry, handling in handlings.items()
                if entry.kind == "word"
            }
        )
        topics = {topic: Verdict(handlings[SensitiveEntry("topic", topic)], topic) for topic in SHIPPED}
        self._shipped = PhraseIndex({word: topics[topic] for topic in SHIPPED for word in SHIPPED[topic].words})
        self._levels = {_level(level): topics[topic] for topic in SHIPPED for level in SHIPPED[topic].levels}
        self.of_item = lru_cache(REMEMBERED)(self._of_item)
        self.of_query = lru_cache(REMEMBERED)(self._of_query)

    def coarse(self, item: Item, verdict: Verdict) -> Item | None:
        """The product by its broadest category alone; None where that says as much as what is left out."""
        category = broadest(item.category or "")
        if not category or (not verdict.branch and self._of_parts((), levels(category)).handling != "allow"):
            return None
        return Item(id=f"coarse-{hashed(category)}", category=category)

    def of_texts(self, category: str, texts: Iterable[str | None] = (), product: str = "") -> Verdict:
        """What becomes of something that is no event's product: its category and texts may be what no event has."""
        if product in self._products:
            return self._products[product]
        path = levels(category)
        said = [stems(text) for text in texts if text]
        own = [*self._of_branches(path), *self._of_words(self._own, (*said, *path))]
        return _strictest(own) if own else self._of_parts(said, path)

    def _of_item(self, item: Item) -> Verdict:
        return self.of_texts(item.category or "", (item.title, item.brand), item.id)

    def _of_query(self, query: str) -> Verdict:
        if query.strip() in self._products:
            return self._products[query.strip()]
        words = stems(query)
        own = self._of_words(self._own, (words,))
        return _strictest(own) if own else self._of_parts((words,), levels(query))

    def _of_branches(self, path: Sequence[Sequence[str]]) -> Sequence[Verdict]:
        """The verdict of the narrowest branch."""
        told = "/".join(map(" ".join, path))
        found = [branch for branch in self._branches if branch.matches.match(told)]
        most = max((branch.weight for branch in found), default=(0, 0))
        return [branch.verdict for branch in found if branch.weight == most]

    def _of_words(self, index: PhraseIndex[Verdict], texts: Iterable[Sequence[str]]) -> list[Verdict]:
        return [verdict for words in texts for verdict in index.labels(words)]

    def _of_parts(self, texts: Iterable[Sequence[str]], path: Iterable[tuple[str, ...]]) -> Verdict:
        """What is shipped says of texts, and of the levels of a category."""
        path = tuple(path)
        verdicts = [self._levels[level] for level in path if level in self._levels]
        return _strictest([*verdicts, *self._of_words(self._shipped, (*texts, *path))])


def _strictest(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=lambda verdict: STRICTNESS[verdict.handling], default=HARMLESS)


def _level(text: str) -> tuple[str, ...]:
    return next(iter(levels(text)))


def _branch(entry: SensitiveEntry, handling: Handling) -> Branch:
    """`*` stands for what is within one level, `**` for any number of levels."""
    parts = [_wild(level) for level in re.split(r"[/>|]", entry.text) if level.strip()]
    return Branch(
        re.compile("".join(parts).removesuffix("/") + "(?:/|$)"),
        (sum(part != ANY for part in parts), len(entry.text.replace("*", ""))),
        Verdict(handling, f"category:{entry.text}", branch=True),
    )


def _wild(level: str) -> str:
    if level.strip() == "**":
        return ANY
    pieces = (" ".join(word for word in stems(piece) if word != "and") for piece in level.split("*"))
    return "[^/]*".join(map(re.escape, pieces)) + "/"
