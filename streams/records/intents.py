"""Intent: what we promise to rankers. Its JSON form is the `doc` field of docs/redis-contract.md.

Its parts are structs: code makes hundreds of them a call, and they are checked where they are read back, not where
they are made. What goes into them was checked before: an answer when it was parsed, an event when it was decoded.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from msgspec import Meta, Struct, field, json
from pydantic import Field

from streams.section import Seconds, Words, form, section

SCHEMA = 1
"""Raised when a field changes its meaning or goes; adding one does not raise it."""

Stage = Literal["explore", "compare", "decide", "cart", "purchase"]
Source = Literal["model", "rules"]
AvoidReason = Literal["removed", "seen-not-clicked", "returned"]
Share = Annotated[float, Meta(ge=0, le=1)]
Label = Annotated[str, Meta(min_length=1, max_length=120)]
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


class Value(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A frozen part of an intent. It refers to nothing that could refer to it, so the collector need not look at it."""

    @classmethod
    def load(cls, doc: bytes | str) -> Self:
        """Read it from JSON. Raises ValueError, also where there are unknown fields."""
        return json.decode(doc, type=cls)

    def dump(self) -> bytes:
        """As JSON, all fields in their order."""
        return json.encode(self)


NO_SIGNALS: Mapping[str, float] = {"urgency": 0.0, "gift": 0.0, "seasonal": 0.0}
"""The signals that are in every intent."""

_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
Signals = Annotated[
    Mapping[str, Share],
    Meta(
        description="Shares from 0 (no sign of it) to 1 (certain); those below are in every intent, and a shop's "
        "vocabulary may have more.",
        extra_json_schema={"properties": dict.fromkeys(NO_SIGNALS, _SHARE)},
    ),
]


class Mission(Value, frozen=True):
    """What the shopper is out for: a label from the configured list or `other`, and at most 140 characters of text."""

    label: Label
    text: Annotated[str, Meta(max_length=140)] = ""


class Weighted(Value, frozen=True):
    """A category path or a brand with its share of the shopper's interest."""

    name: Label
    weight: Share


class Attribute(Value, frozen=True):
    """A wanted property of the product, such as color: blue."""

    name: Label
    value: Label
    weight: Share


class PriceBand(Value, frozen=True):
    """The price range of interest, in the currency of the events."""

    low: Annotated[float, Meta(ge=0)]
    high: Annotated[float, Meta(ge=0)]
    currency: str = ""


class Avoid(Value, frozen=True):
    """Something not to show again, and why."""

    kind: Literal["item", "category", "brand"]
    value: Label
    reason: AvoidReason


class NextAction(Value, frozen=True):
    """Probabilities of what the shopper does next; they sum to 1 within rounding."""

    view: Share = 0.0
    search: Share = 0.0
    cart: Share = 0.0
    purchase: Share = 0.0
    leave: Share = 0.0


class Window(Value, frozen=True):
    """The events that the intent was made from, by event time."""

    from_ms: int
    to_ms: int
    events: int


class Waits(Value, frozen=True):
    """Where the time went between the first unsummarised event and the write, in milliseconds."""

    debounce_ms: float = 0.0
    backlog_ms: float = 0.0
    limiter_ms: float = 0.0
    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    write_ms: float = 0.0


class Findings(Value, frozen=True, kw_only=True):
    """The part of an intent that comes from rules and model; the rest is bookkeeping."""

    mission: Mission
    stage: Stage
    categories: tuple[Weighted, ...] = ()
    brands: tuple[Weighted, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    price_band: PriceBand | None = None
    avoid: tuple[Avoid, ...] = ()
    signals: Signals = field(default_factory=lambda: dict(NO_SIGNALS))
    next_action: NextAction = NextAction()
    confidence: Share = 0.0
    evidence: tuple[str, ...] = ()
    inferred: tuple[Label, ...] = ()
    """Names among the categories and brands that the shopper has not looked at: learned from other shoppers."""


class Intent(Findings, frozen=True, kw_only=True):
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
