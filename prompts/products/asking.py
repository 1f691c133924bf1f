"""Asking: the prompts of one product. A long text is cut into parts, each behind the same beginning."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib import resources
from string import Template
from typing import get_args

from prompts.answer import STOP
from prompts.guard import clean
from prompts.tokens import Count, estimate
from prompts.view import quoted
from prompts.vocabulary import Vocabulary
from streams.records.intents import Stage
from streams.records.products import Product

PART_TOKENS = 2_000
"""The most tokens of a product's own text in one prompt: a longer one holds up the live calls of its server."""

MOST_TOKENS = 100_000
"""A longer text is refused."""

MOST_FACTS, MOST_INTERESTS = 6, 3
"""Of one part."""

QUOTE, VALUE = 120, 24
"""The longest quote and value, in characters."""

MAX_TOKENS = 400

_TITLE, _ALL = 200, 1_000_000
_EXAMPLE = "replace-or-repair"
_DIGITS = 12
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")


@dataclass(frozen=True, slots=True)
class ProductPrompt:
    """What a model is asked, and what it was shown of the product: an answer may quote nothing else."""

    text: str
    shown: tuple[str, ...]


class ProductPrompts:
    """Prompts in one vocabulary. `count` gives the tokens of a text, `part_tokens` is the most of one prompt."""

    def __init__(self, vocabulary: Vocabulary, count: Count = estimate, part_tokens: int = PART_TOKENS) -> None:
        self.vocabulary, self._count, self._part_tokens = vocabulary, count, part_tokens
        template = resources.files("prompts.products").joinpath("template.txt").read_text(encoding="utf-8")
        example = _EXAMPLE if _EXAMPLE in vocabulary.missions else next(iter(vocabulary.missions), "other")
        self._prefix = Template(template).substitute(
            attributes=", ".join(vocabulary.attributes),
            missions=", ".join(vocabulary.labels),
            stages=", ".join(get_args(Stage)),
            example=example,
        )
        self.stop, self.max_tokens = STOP, MAX_TOKENS

    @cached_property
    def version(self) -> str:
        """What results name: a digest of all that stands before a product."""
        return f"products@{sha256(self._prefix.encode()).hexdigest()[:_DIGITS]}"

    @cached_property
    def json_schema(self) -> str:
        """The schema of an answer, for guided decoding."""
        pairs = (("a", 3, MOST_FACTS), ("s", 4, MOST_INTERESTS))
        properties = {name: _rows(width, most) for name, width, most in pairs}
        shape = {"type": "object", "properties": properties, "required": ["a", "s"], "additionalProperties": False}
        return json.dumps(shape, separators=(",", ":"))

    def tokens(self, product: Product) -> int:
        """Those of the product's own text."""
        return sum(map(self._count, (product.title, product.description, *product.reviews)))

    def prompts(self, product: Product) -> list[ProductPrompt]:
        """One prompt for each part of the text, in order; one for a product that has a title alone."""
        title = clean(product.title, _TITLE)
        return [self._prompt(title, part) for part in self._parts(product)] or [self._prompt(title, "")]

    def _prompt(self, title: str, part: str) -> ProductPrompt:
        text = f"Title:{quoted(title)}\nText:{quoted(part)}\nAnswer:"
        return ProductPrompt(self._prefix + text, (title, part))

    def _parts(self, product: Product) -> list[str]:
        texts = [clean(text, _ALL) for text in (product.description, *product.reviews)]
        parts: list[str] = []
        room = 0
        for piece in self._pieces(filter(None, texts)):
            tokens = self._count(piece) + 1
            if tokens > room:
                parts.append(piece)
                room = self._part_tokens - tokens
            else:
                parts[-1] += f" {piece}"
                room -= tokens
        return parts

    def _pieces(self, texts: Iterator[str]) -> Iterator[str]:
        """Sentences; halves of one that is no part by itself, at a space where it has one."""
        for text in texts:
            for sentence in _SENTENCE.split(text):
                yield from self._halved(sentence)

    def _halved(self, text: str) -> Iterator[str]:
        if self._count(text) < self._part_tokens:
            yield text
            return
        middle = len(text) // 2
        space = text.rfind(" ", 1, middle)
        at = space if space > 0 else middle
        for half in (text[:at].strip(), text[at:].strip()):
            if half:
                yield from self._halved(half)


def _rows(width: int, most: int) -> dict[str, object]:
    texts = {"type": "array", "items": {"type": "string", "maxLength": QUOTE}, "minItems": width, "maxItems": width}
    return {"type": "array", "items": texts, "minItems": 0, "maxItems": most}


def words(texts: Iterable[str]) -> frozenset[str]:
    """Their words, in lower case."""
    return frozenset(re.findall(r"[^\W_]+", " ".join(texts).casefold()))
