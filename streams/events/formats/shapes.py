"""Shapes: JSON read into the fields that a dialect asks for, and what is read of who, when and which event."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from streams.errors import EventRefused
from streams.events.redaction import Redact, hashed, is_personal, is_plain
from streams.events.wire import LONGEST_TEXT

T = TypeVar("T")
NOT_SET = "(not set)"
"""What Google's export says where there is nothing."""

Figure = float | str | None
"""A number, or the text of one: both are common."""

Name = str | int | None
"""An identifier. Shops with numbers for ids often send them as numbers."""

NONE = msgspec.Raw(b"")
"""The list of an object that has none."""

LATEST_MS = 253_402_300_799_999


class Shape(msgspec.Struct, gc=False, frozen=True):
    """Named fields of a JSON object. What is not named does not enter: not an address, not an e-mail, not an IP."""


def reader(shape: type[T]) -> Callable[[Any], T]:
    """Reads bytes as this shape; EventRefused with the path of what does not fit. No message quotes a value."""
    decode = msgspec.json.Decoder(shape).decode

    def read(value: bytes | msgspec.Raw) -> T:
        try:
            return decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
            raise _refusal(exc) from exc

    return read


def below(path: str, refused: EventRefused) -> EventRefused:
    """The same refusal, told from further out."""
    return EventRefused(refused.reason, f"{path}.{refused.path}".rstrip("."), refused.detail)


def shopper(paths: tuple[str, ...], *names: Name) -> str:
    """The first of these names that is given and does not tell who somebody is; `paths` are where they stand."""
    for name in names:
        if isinstance(name, str) and is_plain(name):
            return name
        if name is not None and name != "":
            break
    return _shopper([(path, str(name)) for path, name in zip(paths, names, strict=True) if name is not None], paths)


def kept(own: str) -> str:
    """An event's own id; a hash stands for one that may not be kept."""
    if is_plain(own):
        return own
    return hashed(own) if len(own) > 128 or _FORBIDDEN(own) or is_personal(own) else own


def derived(content: bytes | msgspec.Raw, told: str) -> str:
    """An id of what identifies an event that has none."""
    return hashed(told.encode() + bytes(content))


def text(name: Name) -> str | None:
    """A name as text, of bounded length; None where there is none."""
    return None if name is None or name == NOT_SET else str(name)[:LONGEST_TEXT]


def bounded(text: str, redact: Redact) -> str:
    """A text of bounded length without personal data, that which the cut would have halved included."""
    return redact(text[: 2 * LONGEST_TEXT])[:LONGEST_TEXT]


def time_ms(moment: datetime, path: str) -> int:
    """Milliseconds since the epoch; times without a zone are in UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return checked_ms(round(moment.timestamp() * 1_000), path)


def checked_ms(time_ms: int, path: str) -> int:
    """A time that an event may have."""
    if not 0 <= time_ms <= LATEST_MS:
        raise EventRefused("schema", path, "is no time since 1970")
    return time_ms


def _shopper(given: list[tuple[str, str]], paths: tuple[str, ...]) -> str:
    given = [(path, name) for path, name in given if name]
    for path, name in given:
        if len(name) > 128 or _FORBIDDEN(name):
            raise EventRefused("schema", path, "is longer than 128 characters, or has braces or control characters")
        if not is_personal(name):
            return name
    if given:
        raise EventRefused("schema", given[0][0], "is an e-mail, telephone or IP address: send a pseudonym")
    raise EventRefused("schema", " or ".join(paths), "says no shopper")


_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f{}]").search


def _refusal(exc: Exception) -> EventRefused:
    if not isinstance(exc, msgspec.ValidationError):
        return EventRefused("json", detail="is no JSON, or not in UTF-8")
    message, _, path = str(exc).partition(" - at `$")
    return EventRefused("schema", path.rstrip("`").replace("[", ".").replace("]", "").strip("."), message)
