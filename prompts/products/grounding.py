"""Grounding: what may stand of an answer on a product. A fact or a need whose quote is not in the text is dropped."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts.guard import clean
from prompts.products.asking import QUOTE, VALUE, ProductPrompt, words
from prompts.products.traits import names_a_trait
from prompts.thinking import answer_after
from prompts.vocabulary import Vocabulary
from streams.errors import AnswerRefused
from streams.records.cards import Property, Segment
from streams.records.intents import Stage
from streams.records.products import Fact, Interest

OF_PERSONS = frozenset({"audience"})
"""Attributes that say whom a product is for: a fact may, a segment may not."""

_LONGEST = 8_000
_OBJECTS = 32
_JSON = json.JSONDecoder()
_STAGES: frozenset[str] = frozenset(get_args(Stage))


class ProductAnswer(BaseModel):
    """What a model said of a part of a product's text: well formed, not yet grounded."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True)

    facts: tuple[tuple[str, str, str], ...] = Field((), alias="a", max_length=64)
    interests: tuple[tuple[str, str, str, str], ...] = Field((), alias="s", max_length=64)


@dataclass(frozen=True, slots=True)
class GroundedProduct:
    """What stands of an answer. `removed` has one kind (`attribute`, `value`, `quote`, `mission`, `trait`) for each
    thing that was taken out."""

    facts: tuple[Fact, ...]
    interests: tuple[Interest, ...]
    removed: tuple[str, ...]


def parse_product(answer: str) -> ProductAnswer:
    """Read what a model wrote: the last object that is an answer. Raises AnswerRefused on what has none."""
    text = answer_after(answer)[:_LONGEST]
    objects = [value for value in _objects(text) if isinstance(value, dict) and value.keys() & {"a", "s"}]
    if not objects:
        raise AnswerRefused("no-json", f"{len(text)} characters without an answer on a product")
    try:
        return ProductAnswer.model_validate(objects[-1])
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise AnswerRefused("shape", f"{first['type']} at {first['loc'][0]}") from error


def ground_product(answer: ProductAnswer, prompt: ProductPrompt, vocabulary: Vocabulary) -> GroundedProduct:
    """Check an answer against what its prompt showed of the product."""
    removed: list[str] = []
    facts: dict[tuple[str, str], Fact] = {}
    for name, said, quote in answer.facts:
        value, shown = clean(said, VALUE).casefold(), _shown(quote, prompt.shown)
        if fault := _fault(name, value, shown, vocabulary):
            removed.append(fault)
        else:
            facts.setdefault((name, value), Fact(Property(name=name, value=value), shown))
    known = {name: fact for (name, _), fact in reversed(facts.items())}
    interests: dict[Segment, Interest] = {}
    for mission, stage, name, quote in answer.interests:
        shown = _shown(quote, prompt.shown)
        of = known.get(name)
        if fault := _misfit(mission, name, of, shown, vocabulary):
            removed.append(fault)
            continue
        read = Segment.model_validate({
            "mission": mission, "stage": stage if stage in _STAGES else None, "attribute": of.property if of else None
        })  # fmt: skip
        interests.setdefault(read, Interest(read, shown))
    return GroundedProduct(tuple(facts.values()), tuple(interests.values()), tuple(removed))


def _fault(name: str, value: str, quote: str, vocabulary: Vocabulary) -> str:
    """What is wrong with a fact; the empty string where nothing is."""
    if name not in vocabulary.attributes:
        return "attribute"
    if not quote:
        return "quote"
    values, said = vocabulary.attributes[name], words([value])
    return "" if said and said <= words([quote]) and (not values or value in values) else "value"


def _misfit(mission: str, name: str, of: Fact | None, quote: str, vocabulary: Vocabulary) -> str:
    """What is wrong with a need; the empty string where nothing is."""
    if mission not in vocabulary.missions:
        return "mission"
    if not quote:
        return "quote"
    if name and of is None:
        return "attribute"
    told = (quote, of.property.value, of.quote) if of else (quote,)
    return "trait" if name in OF_PERSONS or names_a_trait(*told) else ""


def _shown(quote: str, texts: Sequence[str]) -> str:
    """The quote as it stands in the texts; the empty string where it does not, or says nothing."""
    read = clean(quote, QUOTE)
    return read if words([read]) and any(read in text for text in texts) else ""


def _objects(text: str) -> list[Any]:
    found: list[Any] = []
    at = text.find("{")
    while at >= 0 and len(found) < _OBJECTS:
        try:
            value, end = _JSON.raw_decode(text, at)
        except (ValueError, RecursionError):
            value, end = None, at + 1
        found.append(value)
        at = text.find("{", end)
    return found
