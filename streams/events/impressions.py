"""Impressions: what a shopper was shown, as a ranker's front says it in a topic of its own. Pure."""

from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from streams.errors import EventRefused
from streams.events.decoding import Record, other_key
from streams.events.event import Identifier, type_config
from streams.events.placeholders import is_placeholder
from streams.events.times import EARLIEST_MS, LATEST_MS, checked_ms, record_refused

MAX_BYTES = 65_536
"""A longer record is refused unread."""

Position = Annotated[int, Field(ge=1, le=10_000)]


@dataclass(frozen=True, slots=True, config=type_config)
class Impression:
    """Products that a shopper was shown together, in the order of the page. `positions` are theirs, from 1, where they
    are not 1, 2, 3 and so on. `used`: an intent put them in order. `time_ms`: epoch milliseconds."""

    shopper_id: Identifier
    products: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=200)]
    time_ms: int
    used: bool = True
    positions: Annotated[tuple[Position, ...], Field(max_length=200)] = ()

    @property
    def placed(self) -> dict[str, int]:
        """The position of each product; of one that is there twice the first."""
        positions = self.positions or range(1, len(self.products) + 1)
        return dict(zip(reversed(self.products), reversed(positions), strict=True))


_IMPRESSION: TypeAdapter[Impression] = TypeAdapter(Impression)


def read_impression(record: Record) -> Impression:
    """The record's impression; EventRefused says why it is none, and quotes nothing of it."""
    if not EARLIEST_MS <= record.timestamp <= LATEST_MS:
        raise record_refused(record.timestamp)
    if not record.value:
        raise EventRefused("empty", detail="the record has no value")
    if len(record.value) > MAX_BYTES:
        raise EventRefused("too_large", detail=f"{len(record.value)} bytes, {MAX_BYTES} are allowed")
    shown = _validated(record.value)
    checked_ms(shown.time_ms, "time_ms")
    if shown.positions and len(shown.positions) != len(shown.products):
        detail = f"{len(shown.positions)} of {len(shown.products)} products: send one for each, or none"
        raise EventRefused("schema", "positions", detail)
    if is_placeholder(shown.shopper_id):
        raise EventRefused("nobody", "shopper_id", "stands for nobody: send the id of one shopper")
    if shown.shopper_id.encode() != record.key:
        raise other_key()
    return shown


def _validated(value: bytes) -> Impression:
    try:
        return _IMPRESSION.validate_json(value)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = "json" if error["type"] == "json_invalid" else "schema"
        raise EventRefused(reason, ".".join(map(str, error["loc"])), error["msg"]) from exc
