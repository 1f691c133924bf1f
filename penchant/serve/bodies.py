"""Bodies: what is asked by HTTP and what is answered, as FastAPI checks and describes it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.match.ranking import MOST_CANDIDATES
from streams.events.event import Identifier

MOST_EVENTS = 200
IDS = "an id has 1 to 128 characters, no braces and no control characters"
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}$")]


class _Asked(BaseModel):
    """Fields that are not known, and values of another type, are refused: a misspelt one would be missed in silence.
    The description of a field is the remedy of whoever sent a wrong one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    shopper: Identifier = Field(description=IDS)
    deadline_ms: float | None = Field(
        None, ge=1, le=10_000, description="1 to 10,000 milliseconds; without it serve.deadline_ms counts"
    )
    purpose: str = Field(
        "", max_length=120, description="what the answer is used for, such as advertising; up to 120 characters"
    )


class MatchAsked(_Asked):
    """Which of these products fit the shopper?"""

    candidates: list[Identifier] = Field(
        min_length=1, max_length=MOST_CANDIDATES, description=f"1 to {MOST_CANDIDATES} ids of products; {IDS}"
    )
    reasons: bool | Language = Field(
        default=True, description="a language whose messages are there, true for that of the settings, or false"
    )
    scores: bool = Field(default=False, description="true has a model score the best twenty, if it is in time")
    sentence: bool = Field(
        default=False, description="true has a model say the reasons of the first product, if it is in time"
    )


class IntentAsked(_Asked):
    """What is the shopper after?"""

    events: list[dict[str, Any]] = Field(
        [], max_length=MOST_EVENTS, description=f"up to {MOST_EVENTS} native events that Kafka has not brought yet"
    )


class Reason(BaseModel):
    """What speaks for a product or against it: a code with values, what it compares, the events, and the words."""

    code: str
    values: dict[str, str | float]
    fields: list[str]
    events: list[str]
    text: str


class Match(BaseModel):
    """A product in its place."""

    model_config = ConfigDict(populate_by_name=True)

    product: str
    score: float
    fit: float | None
    card: bool
    pro: list[Reason] = Field(serialization_alias="for", validation_alias="for")
    con: list[Reason] = Field(serialization_alias="against", validation_alias="against")


class MatchAnswer(BaseModel):
    """All candidates, the fittest first. `step` is the last one that was taken in time: `given`, the order given;
    `features`; `scores`, the model's."""

    shopper: str
    step: Literal["given", "features", "scores"]
    matches: list[Match]
    sentence: str
    """A model's words for the reasons of the first product; empty where none was asked for, in time, or held."""
    notes: list[str]


class IntentAnswer(BaseModel):
    """The intent as the contract's `doc`, null when there is none. `fresh`: it is of a copy of the session with the
    events that came along, by the rules, and stands nowhere."""

    shopper: str
    intent: dict[str, Any] | None
    fresh: bool
    notes: list[str]


class Health(BaseModel):
    """Whether Redis answers. Matches are answered without it too, in the order given."""

    redis: bool


class Fault(BaseModel):
    """Why there is no answer: the field that is wrong, where one is, and what to do."""

    error: str
    field: str = ""
    remedy: str = ""
