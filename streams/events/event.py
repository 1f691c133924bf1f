"""The shopper event as Penchant knows it. streams/events/decoding.py reads and writes it as JSON.

The native dialect is this shape as JSON. A field that is not listed here never enters:
addresses, e-mail and the like are dropped at the door because nothing asks for them.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

type_config = ConfigDict(extra="ignore", str_strip_whitespace=False, allow_inf_nan=False)

Action = Literal[
    "view",
    "click",
    "list_view",
    "search",
    "cart_add",
    "cart_remove",
    "cart_view",
    "checkout",
    "purchase",
    "refund",
    "wishlist_add",
]

URGENT: frozenset[str] = frozenset({"search", "cart_add", "checkout", "purchase"})
"""Actions after which a ranker wants a new intent at once."""

MEANINGLESS: frozenset[str] = frozenset({"list_view", "cart_view"})
"""Actions that alone do not change what a shopper is after: they never ask for a call."""

Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f{}]+$")]
"""No control characters (they break logs) and no braces (they break Redis hash tags)."""

Text = Annotated[str, Field(max_length=1_000)]


@dataclass(frozen=True, slots=True, config=type_config)
class Item:
    """A product as the event described it. `category` is a path, broadest first: `home/kitchen/kettles`."""

    id: Identifier
    title: Text | None = None
    category: Text | None = None
    brand: Text | None = None
    price: Annotated[float, Field(ge=0)] | None = None
    currency: Annotated[str, Field(max_length=3)] | None = None
    quantity: Annotated[int, Field(ge=0, le=1_000_000)] = 1


@dataclass(frozen=True, slots=True, config=type_config)
class Consent:
    """Whether the shopper agrees to be served by what is known of them, and to be advertised to; None: not said."""

    personalisation: bool | None = None
    advertising: bool | None = None


@dataclass(frozen=True, slots=True, config=type_config)
class ShopperEvent:
    """One thing a shopper did. `time_ms` is event time, milliseconds since the epoch, UTC. `consent` is what it says of
    purposes, None where it says nothing."""

    event_id: Identifier
    shopper_id: Identifier
    action: Action
    time_ms: Annotated[int, Field(ge=0, le=253_402_300_799_999)]
    items: Annotated[tuple[Item, ...], Field(max_length=200)] = ()
    query: Text | None = None
    session_id: Text | None = None
    order_id: Text | None = None
    consent: Consent | None = None
