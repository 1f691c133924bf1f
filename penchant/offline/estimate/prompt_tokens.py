"""Prompt tokens: where the tokens of a prompt are, as far as words tell. Pure."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from prompts.tokens import Count

_WORDS = re.compile(r"\s?\S+|\s").finditer


class Measured(NamedTuple):
    """A prompt with the character at which each of its words ends, and the tokens up to there."""

    text: str
    ends: Sequence[int]
    tokens: Sequence[int]

    @property
    def length(self) -> int:
        """Of all of it, in tokens."""
        return self.tokens[-1] if self.tokens else 0

    def until(self, characters: int) -> int:
        """The tokens of the words that end by there."""
        at = bisect_right(self.ends, characters)
        return self.tokens[at - 1] if at else 0

    def blocks(self, size: int) -> list[int]:
        """The character at which each block of so many tokens ends, the last one perhaps not full."""
        ends: list[int] = []
        for end, tokens in zip(self.ends, self.tokens, strict=True):
            while tokens >= (len(ends) + 1) * size:
                ends.append(end)
        return ends if self.length == len(ends) * size else [*ends, len(self.text)]


def measure(text: str, count: Count) -> Measured:
    """Count word by word: equal beginnings have equal blocks."""
    ends, tokens, total = [], [], 0
    for word in _WORDS(text):
        total += count(word[0])
        ends.append(word.end())
        tokens.append(total)
    return Measured(text, ends, tokens)
