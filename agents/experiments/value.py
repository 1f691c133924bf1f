"""Value: what the purchases of a session come to, as integers that add up over workers. Pure."""

from collections.abc import Iterable
from math import ceil
from typing import Annotated

from pydantic import Field

from streams.events.event import Item, ShopperEvent
from streams.section import Seconds, form, section, unit
from streams.sessions.session import CODES, Session

PURCHASE = CODES["purchase"]
HUNDREDTHS = 100

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), form("a currency's three letters, as EUR")]
Amount = Annotated[float, Field(gt=0, le=10_000_000), unit("of lift.currency")]


@section
class LiftRules:
    """What experiments measure of the sessions of their arms, beside how many click, fill a cart and buy."""

    currency: Currency | None = None
    """Purchases are added up in it, price times quantity. A price that names another currency is left out, one that
    names none is taken to be in it. By default no value is counted."""
    most_value: Amount = 10_000.0
    """A session counts for no more than this, so that one order does not decide an experiment."""
    shown_within_s: Seconds = 600.0
    """A product of kafka.impressions_topic was opened where its shopper clicks or views it within so long after it was
    shown. Keep it below session.gap_s."""


def worth(items: Iterable[Item], currency: str) -> float:
    """What these items cost together, as far as their prices are in this currency."""
    priced = (each for each in items if each.price and (each.currency or currency).upper() == currency)
    return sum((each.price or 0.0) * each.quantity for each in priced)


def value_added(session: Session, event: ShopperEvent, rules: LiftRules) -> dict[str, int]:
    """What a purchase that has just entered its session adds to `value` (hundredths of the currency's unit) and to
    `value_squares` (squared units of whole sessions). Of earlier orders the lines that are still in the session count.
    """
    if rules.currency is None or event.action != "purchase":
        return {}
    bought = zip(session.actions, session.event_ids, session.subjects, strict=True)
    others = (who for code, event_id, who in bought if code == PURCHASE and event_id != event.event_id)
    earlier = worth((each for each in others if isinstance(each, Item)), rules.currency)
    before = min(earlier, rules.most_value)
    after = min(earlier + worth(event.items, rules.currency), rules.most_value)
    return {
        "value": round(after * HUNDREDTHS) - round(before * HUNDREDTHS),
        "value_squares": ceil(after * after)
        - ceil(before * before),  # too much rather than too little: it is a variance
    }
