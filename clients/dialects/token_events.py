"""Token events: what nearly every event of a stream is, a piece of text, the reason of the end or the usage, read with
the fewest objects, all that came together in one pass.

Whatever says anything else is read by hand (completions.py). Pure.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

UNUSUAL = b'"error"'
"""As `object` or as a field of its own: an event that has it is looked at by hand."""


class Delta(Struct, gc=False):
    """What a chat adds."""

    content: str | None = None


class Choice(Struct, gc=False):
    """One that goes on or ends: `delta` in a chat, `text` in a completion."""

    delta: Delta | None = None
    text: str | None = None
    message: None = None
    finish_reason: str | None = None


class TokenEvent(Struct, gc=False):
    """An event that is no error, and tells nothing by extensions."""

    choices: tuple[Choice, ...] = ()
    usage: dict[str, Any] | None = None
    error: None = None
    nvext: None = None


_DECODER = Decoder(TokenEvent)


def token_events(payloads: Sequence[bytes]) -> Sequence[TokenEvent] | None:
    """The events of these payloads; None where one of them may say more than such an event does."""
    lines = b"\n".join(payloads)
    if UNUSUAL in lines:
        return None
    try:
        events = _DECODER.decode_lines(lines)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return events if len(events) == len(payloads) else None
