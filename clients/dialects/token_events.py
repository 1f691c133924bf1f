"""Token events: what nearly every event of a stream is, a piece of text and nothing else, read with the fewest objects.

Whatever else an event says is read by hand (completions.py). Pure.
"""

from msgspec import DecodeError, Struct
from msgspec.json import Decoder


class Delta(Struct):
    """What a chat adds."""

    content: str | None = None


class Choice(Struct):
    """One that goes on: `delta` in a chat, `text` in a completion."""

    delta: Delta | None = None
    text: str | None = None
    message: None = None
    finish_reason: None = None


class TokenEvent(Struct):
    """An event of one choice, which is no error, and tells of no usage."""

    choices: tuple[Choice]
    object: str = ""
    usage: None = None
    error: None = None
    nvext: None = None


_DECODER = Decoder(TokenEvent)


def token(payload: bytes) -> str | None:
    """The text that an event adds, if that is all that it says; None for every other event."""
    try:
        event = _DECODER.decode(payload)
    except (DecodeError, UnicodeDecodeError):
        return None
    if event.object == "error":
        return None
    choice = event.choices[0]
    return choice.text or (choice.delta.content if choice.delta is not None else None) or None
