"""Intent: what we promise to rankers. Its JSON form is the `doc` field of docs/redis-contract.md."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.section import Seconds, Words, form, section

SCHEMA = 1
"""Raised when a field changes its meaning or goes; adding one does not raise it."""

Stage = Literal["explore", "compare", "decide", "cart", "purchase"]
Source = Literal["model", "rules"]
AvoidReason = Literal["removed", "seen-not-clicked", "returned"]
Share = Annotated[float, Field(ge=0, le=1)]
Label = Annotated[str, Field(min_length=1, max_length=120)]
MissionLabel = Annotated[str, Field(min_length=1, max_length=60), form("1 to 60 characters")]


@section
class IntentRules:
    """What is promised to rankers."""

    ttl_s: Seconds = 86_400.0
    """An intent expires this long after its last event (event time: an old replay cannot revive it)."""
    context_margin_s: Seconds = 3_600.0
    """A session context outlives its session's gap by at least this much, counted from the write, so that a long lag
    does not delete it."""
    missions: Annotated[tuple[MissionLabel, ...], Words] = ()
    """The labels that a mission may have, in this order, when not all of the vocabulary's (see prompt.folder). One that
    the vocabulary does not know is told by its own words. Anything else becomes `other`."""


class Value(BaseModel):
    """A frozen part of an intent; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Mission(Value):
    """What the shopper is out for: a label from the configured list or `other`, and at most 140 characters of text."""

    label: Label
    text: Annotated[str, Field(max_length=140)] = ""


class Weighted(Value):
    """A category path or a brand with its share of the shopper's interest."""

    name: Label
    weight: Share


class Attribute(Value):
    """A wanted property of the product, such as color: blue."""

    name: Label
    value: Label
    weight: Share


class PriceBand(Value):
    """The price range of interest, in the currency of the events."""

    low: Annotated[float, Field(ge=0)]
    high: Annotated[float, Field(ge=0)]
    currency: str = ""


class Avoid(Value):
    """Something not to show again, and why."""

    kind: Literal["item", "category", "brand"]
    value: Label
    reason: AvoidReason


class Signals(Value):
    """Shares from 0 (no sign of it) to 1 (certain); those below are in every intent, and a shop's vocabulary may have
    more."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Share] = Field(init=False)

    urgency: Share = 0.0
    gift: Share = 0.0
    seasonal: Share = 0.0


class NextAction(Value):
    """Probabilities of what the shopper does next; they sum to 1 within rounding."""

    view: Share = 0.0
    search: Share = 0.0
    cart: Share = 0.0
    purchase: Share = 0.0
    leave: Share = 0.0


class Window(Value):
    """The events that the intent was made from, by event time."""

    from_ms: int
    to_ms: int
    events: int


class Waits(Value):
    """Where the time went between the first unsummarised event and the write, in milliseconds."""

    debounce_ms: float = 0.0
    backlog_ms: float = 0.0
    limiter_ms: float = 0.0
    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    write_ms: float = 0.0


class Findings(Value):
    """The part of an intent that comes from rules and model; the rest is bookkeeping."""

    mission: Mission
    stage: Stage
    categories: tuple[Weighted, ...] = ()
    brands: tuple[Weighted, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    price_band: PriceBand | None = None
    avoid: tuple[Avoid, ...] = ()
    signals: Signals = Signals()
    next_action: NextAction = NextAction()
    confidence: Share = 0.0
    evidence: tuple[str, ...] = ()
    inferred: tuple[Label, ...] = ()
    """Names among the categories and brands that the shopper has not looked at: learned from other shoppers."""


class Intent(Findings):
    """What a shopper is after, and how we know. `position` is `lineage:offset:generation`, `replica` the server."""

    schema_version: int = SCHEMA
    shopper: str
    window: Window
    as_of_ms: int
    written_at_ms: int
    source: Source
    model: str = ""
    replica: str = ""
    prompt_version: str = ""
    arm: str = ""
    learned: str = ""
    """The snapshot of learned counts that the rules used; empty where they used none."""
    position: str
    purposes: tuple[str, ...] | None = None
    """What the shopper agreed to, in alphabetical order; None: nobody says."""
    waits: Waits = Waits()
