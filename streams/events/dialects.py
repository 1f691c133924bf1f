"""Dialects: how the records of a topic become shopper events, by the dialect's name. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, cast, get_args

from streams.errors import EventRefused
from streams.events.consent import PassedOver
from streams.events.decoding import Decoded, Decoder, Native, Reason, Record, Refusal, check_names, other_key
from streams.events.event import ShopperEvent
from streams.events.formats import cloudevents, otto, rees46
from streams.events.formats.ga4 import Ga4
from streams.events.formats.segment import Segment
from streams.events.formats.shapes import below, listed
from streams.events.formats.snowplow import Snowplow
from streams.events.privacy import PrivacyRules
from streams.events.recognition import recognize
from streams.events.redaction import Redact, redact
from streams.events.signatures import plain
from streams.events.times import EARLIEST_MS, LATEST_MS, record_refused
from streams.events.wire import PRODUCTS, Wire
from streams.events.withholding import Withholding

DialectName = Literal["native", "auto", "segment", "ga4", "snowplow", "cloudevents", "rees46", "otto"]
"""Every dialect that a topic may be in. `segment` is RudderStack's too; `auto` is found out for each record."""

DIALECTS: tuple[DialectName, ...] = get_args(DialectName)

Events = Sequence[ShopperEvent | PassedOver | None]
"""What a record holds; None for something that says nothing of what a shopper is after, and why one is passed over."""

Read = Callable[[bytes, Record], Events]


class Dialect(Protocol):
    """Reads records. A record is refused whole, or becomes as many events as it holds, none included."""

    def decode(self, records: Sequence[Record]) -> Decoded: ...


class Format(Protocol):
    """One file of streams/events/formats, or the native form. Raises EventRefused.

    `items_dropped` counts the products that could not be read, of events that could.
    """

    @property
    def items_dropped(self) -> int: ...
    def read(self, value: bytes, at_ms: int, name: str = "", /) -> Events: ...


def dialect(
    name: DialectName, *, keyed: bool = False, redact_query: Redact = redact, privacy: PrivacyRules | None = None
) -> Dialect:
    """The reader of a topic; each topic gets one of its own. `keyed`: refuse what is not keyed by its shopper.

    `redact_query` takes personal data out of what shoppers search for; what is sensitive by `privacy` is left out, by
    default what Penchant ships.
    """
    whole = whole_dialect(name, keyed=keyed, redact_query=redact_query)
    return _Discreet(whole, Withholding(privacy or PrivacyRules()))


def whole_dialect(name: DialectName, *, keyed: bool = False, redact_query: Redact = redact) -> Dialect:
    """The same with what is sensitive: for whoever looks at records and keeps nothing of them."""
    if name == "native":
        return Decoder(keyed=keyed, redact_query=redact_query)
    formats = _formats(redact_query)
    if name == "auto" or name == "cloudevents":  # noqa: PLR1714 - mypy follows only this
        of_any = _Any(formats, bare=name == "auto")
        return RecordDialect(of_any.read, lambda: of_any.items_dropped, keyed=keyed)
    one = formats[name]
    return RecordDialect(
        lambda value, record: one.read(value, record.timestamp), lambda: one.items_dropped, keyed=keyed
    )


class _Discreet:
    """A dialect without what is sensitive."""

    def __init__(self, whole: Dialect, withholding: Withholding) -> None:
        self._whole, self._withholding = whole, withholding

    def decode(self, records: Sequence[Record]) -> Decoded:
        return self._withholding.of(self._whole.decode(records))


class RecordDialect:
    """A dialect read record by record. `read` turns a value, and what is around it, into events or raises EventRefused;
    `dropped` tells how many products it has left out so far. In a topic the events of one record are one shopper's."""

    def __init__(
        self, read: Read, dropped: Callable[[], int] = int, *, keyed: bool = False, max_bytes: int = 1_048_576
    ) -> None:
        self._read, self._dropped, self._keyed, self._max_bytes = read, dropped, keyed, max_bytes

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Read records; each is refused, or gives its events and the count of what was ignored."""
        events: list[tuple[int, int, ShopperEvent]] = []
        refused: list[Refusal] = []
        ignored, passed, before = 0, Counter[str](), self._dropped()
        keyed, read, most = self._keyed, self._read, self._max_bytes
        for record in records:
            began, nothing, over, value = len(events), 0, [], record.value
            try:
                if not value or len(value) > most or not EARLIEST_MS <= record.timestamp <= LATEST_MS or record.headers:
                    value = self._readable(record)
                try:
                    told = read(value, record)
                except EventRefused as exc:
                    told = self._again(value, record, exc)
                for event in told:
                    if event is None:
                        nothing += 1
                    elif isinstance(event, str):
                        over.append(event)
                    elif keyed and event.shopper_id.encode() != record.key:
                        raise other_key()
                    else:
                        events.append((record.offset, record.timestamp, event))
                ignored += nothing
                passed.update(over)
            except EventRefused as exc:
                del events[began:]  # it is refused whole
                reason = cast("Reason", exc.reason)  # those who read events know no others
                refused.append(Refusal(record, reason, exc.path, exc.detail))
        dropped = self._dropped() - before
        return Decoded(events, refused, ignored, dropped, passed["no_consent"], passed["minor"])

    def _readable(self, record: Record) -> bytes:
        """The value of a record that may be looked at; EventRefused for any other."""
        value = record.value
        if not EARLIEST_MS <= record.timestamp <= LATEST_MS:
            raise record_refused(record.timestamp)
        check_names(record.headers)
        if not value:
            raise EventRefused("empty", detail="the record has no value")
        if len(value) > self._max_bytes:
            raise EventRefused("too_large", detail=f"{len(value)} bytes, {self._max_bytes} are allowed")
        return value

    def _again(self, value: bytes, record: Record, refused: EventRefused) -> Events:
        """Look once more at what cannot be read: it may be JSON in another dress, or a list of events."""
        if refused.reason == "json":
            value = plain(value)
        elif not (value := value.lstrip()).startswith(b"["):
            raise refused
        if not value.startswith(b"["):
            return self._read(value, record)
        events: list[ShopperEvent | PassedOver | None] = []
        for place, element in enumerate(listed(value)):
            try:
                events += self._read(bytes(element), record)
            except EventRefused as bad:
                raise below(str(place), bad) from bad
        return events


class _Any:
    """Records in CloudEvents around any dialect, and, where `bare`, in any dialect without them."""

    def __init__(self, formats: Mapping[DialectName, Format], *, bare: bool) -> None:
        self._formats, self._bare = formats, bare

    @property
    def items_dropped(self) -> int:
        """Of all of them."""
        return sum(each.items_dropped for each in self._formats.values())

    def read(self, value: bytes, record: Record) -> Events:
        if wrapped := cloudevents.unwrap(value, record.headers, record.timestamp):
            return self._within(wrapped)
        name = recognize(value)
        if name == "cloudevents":
            return self._within(cloudevents.structured(value, record.timestamp))
        if not self._bare:
            raise EventRefused("schema", detail="is no CloudEvent")
        return self._formats[name].read(value, record.timestamp)

    def _within(self, wrapped: cloudevents.Unwrapped) -> Events:
        name = recognize(wrapped[0])
        if name == "cloudevents":
            raise EventRefused("schema", "data", "is an envelope in an envelope")
        return self._formats[name].read(*wrapped)


class _Valued:
    """A format that needs nothing but the value, and has one product an event."""

    items_dropped = 0

    def __init__(self, read: Callable[[bytes], Sequence[ShopperEvent]], redact_query: Redact) -> None:
        self._read, self._wire = read, Wire(PRODUCTS, redact_query)

    def read(self, value: bytes, _: int = 0, __: str = "") -> Events:
        return [self._wire.redacted(event) for event in self._read(value)]


def _formats(redact_query: Redact) -> Mapping[DialectName, Format]:
    """A reader of each."""
    return {
        "native": Native(redact_query=redact_query),
        "segment": Segment(redact_query),
        "ga4": Ga4(redact_query),
        "snowplow": Snowplow(redact_query),
        "otto": _Valued(otto.record, redact_query),
        "rees46": _Valued(rees46.record, redact_query),
    }
