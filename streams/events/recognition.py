"""Recognition: which dialect a record is in, told from what it is made of. Pure."""

from typing import Literal

import msgspec

from streams.errors import EventRefused
from streams.events.formats import rees46
from streams.events.formats.shapes import reader

Recognized = Literal["native", "segment", "ga4", "snowplow", "cloudevents", "otto", "rees46"]

NOTHING = msgspec.Raw()


class Outermost(msgspec.Struct, gc=False):
    """The keys that give a dialect away, as they stand in the outermost object; empty where they do not."""

    specversion: msgspec.Raw = NOTHING
    shopper_id: msgspec.Raw = NOTHING
    messageId: msgspec.Raw = NOTHING  # noqa: N815 - theirs
    anonymousId: msgspec.Raw = NOTHING  # noqa: N815
    userId: msgspec.Raw = NOTHING  # noqa: N815
    collector_tstamp: msgspec.Raw = NOTHING
    domain_userid: msgspec.Raw = NOTHING
    event_name: msgspec.Raw = NOTHING
    client_id: msgspec.Raw = NOTHING
    app_instance_id: msgspec.Raw = NOTHING
    events: msgspec.Raw = NOTHING
    batch: msgspec.Raw = NOTHING
    session: msgspec.Raw = NOTHING


MARKS: tuple[tuple[Recognized, tuple[str, ...]], ...] = (
    ("cloudevents", ("specversion",)),
    ("native", ("shopper_id",)),
    ("segment", ("messageId", "anonymousId", "userId")),
    ("snowplow", ("collector_tstamp", "domain_userid")),
    ("ga4", ("client_id", "app_instance_id", "event_name")),
    ("otto", ("session",)),
    ("ga4", ("events",)),
    ("segment", ("batch",)),
)
"""In this order: one of these keys makes a record one of that dialect."""


def recognize(value: bytes) -> Recognized:
    """The dialect of a value; EventRefused when it is none of them."""
    if rees46.is_row(value):
        return "rees46"
    told = _outermost(value)
    for name, keys in MARKS:
        for key in keys:
            if getattr(told, key) is not NOTHING:
                return name
    raise EventRefused("schema", detail="is in no dialect that is known")


_outermost = reader(Outermost)
