"""Card: what a match knows of a product. Its JSON form is the `card` key of docs/redis-contract.md."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from streams.records.intents import Stage

LONGEST_CODE = 120
"""Characters of a card's code; it is held to MOST_TOKENS by whoever makes it."""

MOST_TOKENS = 12
"""Tokens of a card's code: twenty of them stand in one prompt."""


Label = Annotated[str, Field(min_length=1, max_length=120)]


class _Value(BaseModel):
    """A frozen part of a card. Fields that are not known are passed over: a shop may write cards of its own."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Property(_Value):
    """A property of the product in the shop's vocabulary, such as color: blue."""

    name: Label
    value: Label


class Segment(_Value):
    """A need that the product may meet: a mission, and where known a stage and a property; no trait of a person."""

    mission: Label
    stage: Stage | None = None
    attribute: Property | None = None


class Card(_Value):
    """A product in the words of the events: `category` is a path with slashes, broadest part first, `price` is in
    `currency`, a code of three letters. What is not known is left empty. `code` is what a prompt shows of it."""

    category: Annotated[str, Field(max_length=120)] = ""
    brand: Annotated[str, Field(max_length=120)] = ""
    price: Annotated[float, Field(gt=0)] | None = None
    currency: Annotated[str, Field(max_length=3)] = ""
    attributes: Annotated[tuple[Property, ...], Field(max_length=16)] = ()
    segments: Annotated[tuple[Segment, ...], Field(max_length=5)] = ()
    code: Annotated[str, Field(max_length=LONGEST_CODE)] = ""
