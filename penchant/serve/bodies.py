"""Bodies: what is asked by HTTP and what is answered, as FastAPI checks and describes it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.match.ranking import MOST_CANDIDATES
from streams.events.event import Identifier

MOST_EVENTS = 200
Deadline = Annotated[float, Field(ge=1, le=10_000)]


class _Asked(BaseModel):
    """Fields that are not known are refused: a misspelt one would be missed in silence."""

    model_config = ConfigDict(extra="forbid")

    shopper: Identifier
    deadline_ms: Deadline | None = None
    purpose: Annotated[str, Field(max_length=120)] = ""


class MatchAsked(_Asked):
    """Which of these products fit the shopper? `reasons` names a language, true is that of the settings."""

    candidates: Annotated[list[Identifier], Field(min_length=1, max_length=MOST_CANDIDATES)]
    reasons: bool | Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}$")] = True
    scores: bool = False


class IntentAsked(_Asked):
    """What is the shopper after? `events` are native ones that Kafka has not brought yet."""

    events: Annotated[list[dict[str, Any]], Field(max_length=MOST_EVENTS)] = []


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
    notes: list[str]


class IntentAnswer(BaseModel):
    """The intent as the contract's `doc`, null when there is none. `fresh`: it is of a copy of the session with the
    events that came along, by the rules, and stands nowhere."""

    shopper: str
    intent: dict[str, Any] | None
    fresh: bool
    notes: list[str]


class Fault(BaseModel):
    """Why there is no answer."""

    error: str
