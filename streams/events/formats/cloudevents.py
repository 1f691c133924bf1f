"""CloudEvents 1.0 on Kafka: the envelope around events of any dialect, structured or binary.

Structured: the record's `content-type` begins with application/cloudevents, and its value is the envelope in JSON.
Binary: the attributes are headers that begin with `ce_`, and the value is the data.
Source: https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from streams.errors import EventRefused
from streams.events.formats.shapes import Shape, reader, time_ms

CONTENT_TYPE, STRUCTURED = "content-type", b"application/cloudevents"
ATTRIBUTES = ("ce_specversion", "ce_type", "ce_source", "ce_id")
"""The headers that binary mode cannot be without."""

Headers = Sequence[tuple[str, bytes | None]]


class Envelope(Shape, frozen=True):
    """An event in structured mode."""

    specversion: str
    type: str
    source: str
    id: str
    time: datetime | None = None
    data: msgspec.Raw = msgspec.Raw(b"")
    data_base64: str | None = None


Unwrapped = tuple[bytes, int, str]
"""The data of an envelope, when it happened (milliseconds since the epoch), and what to call it: source and id
together, which those who send it again keep."""


def unwrap(value: bytes, headers: Headers, at_ms: int) -> Unwrapped | None:
    """The data within; None for a record whose headers say of no envelope. EventRefused for a broken one.

    `at_ms` is the time to take where the envelope has none.
    """
    if not headers:
        return None
    told = {}
    for name, text in headers:
        if text is not None:
            told[name.lower()] = text[1:-1] if text[:1] == b'"' == text[-1:] else text  # some mappers write JSON
    if told.get(CONTENT_TYPE, b"").lower().startswith(STRUCTURED):
        return structured(value, at_ms)
    return None if told.keys().isdisjoint(ATTRIBUTES) else _binary(value, told, at_ms)


def structured(value: bytes, at_ms: int) -> Unwrapped:
    """The data within an envelope that is the value itself."""
    envelope = _read(value)
    if envelope.time is not None:
        at_ms = time_ms(envelope.time, "time")
    return _data(envelope), at_ms, f"{envelope.source}\0{envelope.id}"


def _binary(value: bytes, told: Mapping[str, bytes], at_ms: int) -> Unwrapped:
    for name in ATTRIBUTES:
        if not told.get(name):
            raise EventRefused("schema", name, "this header of a CloudEvent is missing")
    if moment := told.get("ce_time"):
        at_ms = _header_ms(moment)
    return value, at_ms, (told["ce_source"] + b"\0" + told["ce_id"]).decode(errors="replace")


def _data(envelope: Envelope) -> bytes:
    if envelope.data_base64 is not None:
        try:
            return base64.b64decode(envelope.data_base64, validate=True)
        except binascii.Error as exc:
            raise EventRefused("schema", "data_base64", "is not in Base64") from exc
    data = bytes(envelope.data)
    if not data or data == b"null":
        raise EventRefused("empty", "data", "the envelope has no data")
    return _read_text(data).encode() if data.startswith(b'"') else data


def _header_ms(text: bytes) -> int:
    try:
        return time_ms(datetime.fromisoformat(text.decode()), "ce_time")
    except ValueError as exc:  # that it is not in UTF-8 is one too
        raise EventRefused("schema", "ce_time", "is no time of RFC 3339") from exc


_read, _read_text = reader(Envelope), reader(str)
