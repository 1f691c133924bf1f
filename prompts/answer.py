"""The compact answer of a model: short keys, numbers for names, evidence as event numbers."""

import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts.thinking import answer_after
from prompts.wording import stems
from streams.errors import AnswerRefused

OTHER = "other"
"""The mission of a shopper who is after nothing on the list."""

PARROTED = "parroted"
"""Why an answer is refused that repeats an example of its prompt."""

HIGHEST = 10
"""Weights, strengths and confidence are whole numbers from 0 to this: one token each."""

STOP = ("\n\n", "\n \n", " " * 16, "\t" * 6)
"""An answer is one line. What has an empty one has begun another shopper; whitespace without end is what guided models
fall into when nothing else fits. No more than the four that OpenAI's API takes, and none that indented JSON has."""

NAMED, EVIDENCE = 3, 4
"""How many categories, or brands, and how many events an answer names."""

FORESEEN = frozenset({"f", "p", "n"})
"""The keys of stage, price and next action, which only some templates ask for."""

_LONGEST = 4_000
_REMEMBERED = 1_024
_ALIKE = 0.8  # of the words that name something in either of two texts: small models copy with a letter off
_NUMBERS = ("categories", "brands", "price", "following", "evidence")
_COPIED = 4  # of these, where there are several numbers in them, and the confidence are the example's: no chance

Weights = tuple[tuple[int, int], ...]


class Answer(BaseModel):
    """What a model said, well formed but not yet grounded. Numbers of categories and brands are those of its prompt;
    `price` is the lowest and the highest, in the window's currency; `following` has levels by next action."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, validate_by_name=True)

    mission: str = Field(OTHER, alias="m")
    text: str = Field("", alias="t")
    stage: str | None = Field(None, alias="f")
    categories: Weights = Field((), alias="c")
    brands: Weights = Field((), alias="b")
    price: tuple[int | float, ...] | None = Field(None, alias="p")
    following: Mapping[str, int] | None = Field(None, alias="n")
    attributes: Mapping[str, str] = Field(default_factory=dict, alias="a")
    signals: Mapping[str, int] = Field(default_factory=dict, alias="s")
    confidence: int | None = Field(None, alias="k")
    evidence: tuple[int, ...] = Field((), alias="e")

    def write(self) -> str:
        """The answer as a model writes it."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


def parse(answer: str | bytes, examples: Collection[Answer] = (), *, foresees: bool = False) -> Answer:
    """Read what a model wrote. Raises AnswerRefused, with the reason in one word, on what is no answer, and on one
    that repeats one of the prompt's `examples`: it is about them and not about the shopper. Stage, price and next
    action are read only where the prompt asked for them (`foresees`).

    Thoughts and anything else around the JSON object are ignored; of several the last one is the answer, for those
    before it are drafts. An object that was cut off is closed after its last complete member, or element of one: what
    comes first in an answer matters most.
    """
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    text = answer_after(text)[:_LONGEST]
    start, value = _last_object(text)
    if start < 0:
        raise AnswerRefused("no-json", f"{len(text)} characters without an object")
    if value is None:
        value = _decode(text[start:])
    if not (foresees or FORESEEN.isdisjoint(value)):
        value = {key: each for key, each in value.items() if key not in FORESEEN}
    try:
        read = Answer.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise AnswerRefused("shape", f"{first['type']} at {first['loc'][0]}") from error
    for example in examples:
        if _repeats(read, example):
            raise AnswerRefused(PARROTED, "the words or the numbers of an example of the prompt")
    return read


def _repeats(read: Answer, example: Answer) -> bool:
    """By its words, however they are inflected, or by its numbers, whatever the words are."""
    if read.text and _folded(read.text) == _folded(example.text):
        return True
    mine, theirs = stems(read.text), stems(example.text)
    if not mine.isdisjoint(theirs) and len(mine & theirs) >= _ALIKE * len(mine | theirs):
        return True
    copied = int(read.confidence == example.confidence)
    for name in _NUMBERS:
        numbers = getattr(example, name)
        copied += bool(numbers) and len(numbers) > 1 and getattr(read, name) == numbers
    return copied >= _COPIED


@lru_cache(_REMEMBERED)
def _folded(text: str) -> str:
    """A text without what a copy may differ in: case, whitespace and what stands around its words."""
    return " ".join(text.casefold().split()).strip(" .,;:!'\"")


def _last_object(text: str) -> tuple[int, dict[str, Any] | None]:
    """Where the answer begins, and what it is if it is whole: the last object at the top that has a key of an answer,
    else the first brace."""
    at = start = text.find("{")
    found: dict[str, Any] | None = None
    further = text.find(_ANOTHER, at)  # where a model has gone on to another shopper
    text = text[: further if further >= 0 else None]
    for _ in range(_DRAFTS):
        if at < 0:
            break
        try:
            value, end = _JSON.raw_decode(text, at)
        except (ValueError, RecursionError):
            opened = _OPENED.match(text, at)  # an answer that is cut off, which contains no other
            if opened is not None:
                return at, None
            end = at + 1
        else:
            if isinstance(value, dict) and _KEYS & value.keys():
                start, found = at, value
        at = text.find("{", end)
    return start, found


def _decode(text: str) -> dict[str, Any]:
    """The object that `text` begins with; one attempt to close it where it was cut off."""
    try:
        return _object(text)
    except (ValueError, RecursionError):
        closed = _close(text)
    if closed is None:
        raise AnswerRefused("malformed", "an object that is no JSON")
    try:
        return _object(closed)
    except (ValueError, RecursionError) as error:
        raise AnswerRefused("truncated", "cut off before its first member ended, or malformed") from error


def _object(text: str) -> dict[str, Any]:
    value: dict[str, Any] = _JSON.raw_decode(text)[0]
    return value


def _close(text: str) -> str | None:
    """`text` up to its last complete member, or element of a member, closed; as it is, if it has none; None if it is
    not cut off."""
    ends: list[str] = []
    quoted = escaped = False
    kept, closing = 1, ""
    for at, character in enumerate(text):
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            ends.append("}" if character == "{" else "]")
        elif character in "}]":
            ends.pop()
            if not ends:
                return None
        if not quoted and character in ",}]" and len(ends) <= _DEEPEST:
            kept, closing = at + (character != ","), "".join(reversed(ends))
    return text[:kept] + closing if kept > 1 else text


_DRAFTS = 32
"""How many braces are looked at for the one with which the answer begins."""

_KEYS = frozenset(field.alias for field in Answer.model_fields.values())
_ANOTHER = "Shopper\n"
_OPENED = re.compile(r'\{\s*"m"')
_DEEPEST = 2  # a weight is a pair, and half a pair is none


_JSON = json.JSONDecoder()
