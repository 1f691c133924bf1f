"""The simulated model's answers about products: words that it knows for a quality or a mission, with what stands around
them as the quote. It is no language model."""

import json
import re
from collections.abc import Iterator, Mapping

from prompts.products.asking import MOST_FACTS, MOST_INTERESTS
from prompts.vocabulary import DEFAULT_VOCABULARY

BEGIN = "You read what a shop says of one product"

_TEXT = re.compile(r'^(?:Title|Text): ("(?:[^"\\]|\\.)*")$', re.MULTILINE)
_AROUND = 2
_WORD = re.compile(r"[^\W_]+")


def answer(prompt: str, qualities: Mapping[str, tuple[str, ...]]) -> str:
    """The answer to a prompt about a product, as compact JSON."""
    texts = [json.loads(text) for text in _TEXT.findall(prompt.rpartition("\nProduct\n")[2])]
    facts = [
        [name, word, quote]
        for name, words in qualities.items()
        for text in texts
        for word, quote in _said(text, frozenset(words))
    ]
    needs = [
        [mission, "decide", "", quote]
        for mission, signs in DEFAULT_VOCABULARY.missions.items()
        for text in texts
        for _, quote in _said(text, signs.words)
    ]
    return json.dumps({"a": facts[:MOST_FACTS], "s": needs[:MOST_INTERESTS]}, separators=(",", ":"), ensure_ascii=False)


def _said(text: str, words: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The words of the text that are among these, each with its neighbours."""
    found = list(_WORD.finditer(text))
    for at, match in enumerate(found):
        if match[0].casefold() in words:
            first, last = found[max(at - _AROUND, 0)], found[min(at + _AROUND, len(found) - 1)]
            yield match[0].casefold(), text[first.start() : last.end()]
