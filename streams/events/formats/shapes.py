"""Shapes: JSON read into the fields that a dialect asks for, and what is read of who, when and which event."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import orjson

from streams.errors import EventRefused
from streams.events.placeholders import SPELLINGS, is_placeholder, is_unique
from streams.events.redaction import Redact, hashed, is_personal, is_plain
from streams.events.texts import worded
from streams.events.times import checked_ms
from streams.events.wire import LONGEST_TEXT

T = TypeVar("T")

Figure = Any
"""A number, or the text of one: both are common. What is neither makes a bad product, and no bad event."""

Words = Any
"""Text, or a number in its place (streams/events/texts.py). What is neither is as good as not given."""

NONE = msgspec.Raw(b"")
"""The list of an object that has none."""

EMPTY = frozenset({b"", b"null", b"[]", b'""', b"{}"})
"""An object or list with nothing in it; PHP writes an empty object as an empty list."""


class Shape(msgspec.Struct, gc=False, frozen=True):
    """Named fields of a JSON object. What is not named does not enter: not an address, not an e-mail, not an IP."""


def reader(shape: type[T]) -> Callable[[Any], T]:
    """Reads bytes as this shape; EventRefused with the path of what does not fit. No message quotes a value.

    Where something does not fit, what is empty is taken for not given.
    """
    decode = msgspec.json.Decoder(shape).decode

    def read(value: bytes | msgspec.Raw) -> T:
        try:
            return decode(value)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
            try:
                return decode(_filled(value))
            except (msgspec.DecodeError, RecursionError, ValueError):
                raise _refusal(exc) from exc

    return read


def listed(elements: msgspec.Raw | bytes, path: str = "") -> Sequence[msgspec.Raw]:
    """The elements of a list, as they came; EventRefused for none, and for an empty one."""
    try:
        read = _read_list(elements)
    except EventRefused as refused:
        raise below(path, refused) from refused
    if not read:
        raise EventRefused("schema", path, "is an empty list: it says of no event")
    return read


def below(path: str, refused: EventRefused) -> EventRefused:
    """The same refusal, told from further out."""
    return EventRefused(refused.reason, f"{path}.{refused.path}".strip("."), refused.detail)


def shopper(paths: tuple[str, ...], *names: Words) -> str:
    """The first of these names that can be one shopper's; `paths` are where they stand. EventRefused without one."""
    for name in names:
        if isinstance(name, str) and is_plain(name) and not is_placeholder(name):
            return name
        if name is not None and name != "":
            break
    return _shopper([(path, text) for path, name in zip(paths, names, strict=True) if (text := worded(name))], paths)


def visit(session: Words) -> str | None:
    """The id of a session as one of a shopper; None where it is too short for that."""
    name = worded(session)
    return name if is_unique(name) else None


def kept(own: Words) -> str | None:
    """An event's own id, a hash of one that may not be kept; None where there is none, or one that all events have."""
    if isinstance(own, str) and own not in SPELLINGS and is_plain(own):
        return own
    name = worded(own)
    if name is None or name in SPELLINGS or is_plain(name):
        return None if name in SPELLINGS else name
    return hashed(name) if len(name) > 128 or _FORBIDDEN(name) or is_personal(name) else name


def derived(content: bytes | msgspec.Raw, told: str) -> str:
    """An id of what identifies an event that has none."""
    return hashed(told.encode() + bytes(content))


def text(words: Words) -> str | None:
    """A name as text, of bounded length; None where there is none."""
    told = None if words is None else worded(words)
    return told[:LONGEST_TEXT] if told else None


def bounded(text: str, redact: Redact) -> str:
    """A text of bounded length without personal data, that which the cut would have halved included."""
    return redact(text[: 2 * LONGEST_TEXT])[:LONGEST_TEXT]


def time_ms(moment: datetime, path: str) -> int:
    """Milliseconds since the epoch; times without a zone are in UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return checked_ms(round(moment.timestamp() * 1_000), path)


def _shopper(given: list[tuple[str, str]], paths: tuple[str, ...]) -> str:
    """The first that will do; EventRefused with what is wrong with the first."""
    wrong = []
    for path, name in given:
        if is_placeholder(name):
            wrong.append(EventRefused("nobody", path, "stands for nobody: send the id of one shopper"))
        elif len(name) > 128 or _FORBIDDEN(name):
            detail = "is longer than 128 characters, or has braces or control characters"
            wrong.append(EventRefused("schema", path, detail))
        elif is_personal(name):
            wrong.append(EventRefused("schema", path, "is an e-mail, telephone or IP address: send a pseudonym"))
        else:
            return name
    raise wrong[0] if wrong else EventRefused("nobody", " or ".join(paths), "says no shopper")


def _filled(value: bytes | msgspec.Raw) -> bytes:
    raw = bytes(value)
    try:
        return b"{}" if raw in EMPTY else orjson.dumps(_without_empty(orjson.loads(raw)))
    except (orjson.JSONEncodeError, RecursionError) as exc:  # orjson reads deeper than it writes
        raise EventRefused("schema", detail="is nested too deeply") from exc


def _without_empty(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_empty(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_empty(each) for name, each in value.items() if not _says_nothing(each)}


def _says_nothing(value: Any) -> bool:
    return worded(value) is None if isinstance(value, str) else value in ([], {})


_read_list = reader(list[msgspec.Raw])
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f{}]").search


def _refusal(exc: Exception) -> EventRefused:
    if not isinstance(exc, msgspec.ValidationError):
        return EventRefused("json", detail="is no JSON, or not in UTF-8")
    message, _, path = str(exc).partition(" - at `$")
    if "datetime" in message and message.endswith(("`int`", "`float`")):
        return EventRefused("unit", path.strip("`."), "is a number: send a time of ISO 8601, which has no unit")
    return EventRefused("schema", path.rstrip("`").replace("[", ".").replace("]", "").strip("."), message)
