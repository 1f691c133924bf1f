"""Schema: the form of an answer, for guided decoding, and how many tokens one can have. Pure.

Every number in it is bounded by what the prompt shows: a guided model can name no category, brand or event that is not
there.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import ceil
from typing import Any

import orjson

from prompts.answer import EVIDENCE, HIGHEST, NAMED, OTHER, Answer
from prompts.funnel import JUDGED
from prompts.tokens import Count, estimate
from prompts.view import PromptView
from prompts.vocabulary import Vocabulary
from streams.records.intents import NextAction

DEARER = 4
"""A price in an answer is at most so many times the highest of the window."""

_TEXT, _VALUE = 120, 24
_REMEMBERED = 4_096
_LEVEL = {"type": "integer", "enum": list(range(HIGHEST + 1))}
_FOLLOWING = tuple(NextAction.__struct_fields__)


class AnswerSchema:
    """The JSON schema of an answer in a shop's vocabulary; `foresees`: with stage, price and next action."""

    def __init__(self, vocabulary: Vocabulary, *, foresees: bool = False) -> None:
        self._foresees = foresees
        self._missions = list(dict.fromkeys((*vocabulary.labels, OTHER)))
        attributes = {name: _value(values) for name, values in vocabulary.attributes.items()}
        self._attributes = orjson.Fragment(orjson.dumps(_object(attributes)))
        self._signals = _object(dict.fromkeys(vocabulary.signals, _LEVEL))
        self._written = lru_cache(_REMEMBERED)(self._write)

    def of(self, view: PromptView) -> str:
        """For the prompt that shows this, without whitespace."""
        dearest = max((product.price for product in view.described), default=0.0) if self._foresees else 0.0
        names = len(view.numbered_categories), len(view.numbered_brands)
        return self._written(*names, view.dropped + 1, view.dropped + len(view.entries), ceil(dearest * DEARER))

    def _write(self, categories: int, brands: int, first: int, last: int, dearest: int) -> str:
        foreseen = self._foresees
        properties = {
            "m": {"type": "string", "enum": self._missions},
            "t": {"type": "string", "maxLength": _TEXT},
            **({"f": {"type": "string", "enum": list(JUDGED)}} if foreseen else {}),
            "c": _weights(categories),
            "b": _weights(brands),
            **({"p": _array(_number(0, dearest), 2, 2)} if dearest else {}),
            **({"n": _object(dict.fromkeys(_FOLLOWING, _LEVEL))} if foreseen else {}),
            "a": self._attributes,
            "s": self._signals,
            "k": _LEVEL,
            "e": _array(_number(first, max(first, last)), 0, min(EVIDENCE, last - first + 1)),
        }
        required = [key for key in properties if key not in {"f", "b", "a", "s"}]
        return orjson.dumps(_object(properties, required)).decode()


def max_tokens(vocabulary: Vocabulary, count: Count = estimate, *, foresees: bool = False) -> int:
    """The tokens of the longest answer that the schema and the prompt allow, and a quarter more for long words; a
    typical answer takes less than half. A model that goes on is cut off there, and what it said first still counts."""
    several = ((99, HIGHEST),) * NAMED
    longest = sorted(vocabulary.attributes, key=count, reverse=True)
    answer = Answer(
        mission=max((*vocabulary.labels, OTHER), key=count),
        text=("considering " * _TEXT)[:_TEXT],
        stage=max(JUDGED, key=count) if foresees else None,
        categories=several,
        brands=several,
        price=(9_999, 9_999) if foresees else None,
        following=dict.fromkeys(_FOLLOWING, HIGHEST) if foresees else None,
        attributes=dict.fromkeys(longest[:NAMED], ("waterproof " * _VALUE)[:_VALUE]),
        signals=dict.fromkeys(vocabulary.signals, HIGHEST),
        confidence=HIGHEST,
        evidence=(9_999,) * EVIDENCE,
    )
    return count(answer.write()) * 5 // 4


def _weights(names: int) -> dict[str, Any]:
    """Pairs of a name's number and a level."""
    if not names:
        return _array(_LEVEL, 0, 0)
    pair = {"type": "array", "prefixItems": [_number(1, names), _LEVEL], "minItems": 2, "maxItems": 2}
    return _array(pair, 0, min(NAMED, names))


def _number(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


def _value(values: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)} if values else {"type": "string", "maxLength": _VALUE}


def _array(items: Mapping[str, Any], least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def _object(properties: Mapping[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
