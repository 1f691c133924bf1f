"""Token events: what nearly every event of a stream is, a piece of text and nothing else, read with the fewest objects.

Whatever else an event says is read by hand (completions.py). Pure.
"""

import re

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


_PLAIN = re.compile(rb'[^"\\\x00-\x1f]+')
"""A text that JSON writes as it is."""

_PROBE = "\u2021"
"""Put in the place of a text, it comes out of the event if the text stood there."""


class TokenEvents:
    """Those of one answer. Most differ in their text alone: what stands before and after it is learned from one of
    them, and where it is the same in another, that one is not parsed."""

    def __init__(self) -> None:
        self._before = self._after = b""

    def text(self, payload: bytes) -> str | None:
        """The text that an event adds, if that is all that it says; None for every other event."""
        before, after = self._before, self._after
        if before and payload.startswith(before) and payload.endswith(after):
            said = payload[len(before) : len(payload) - len(after)]
            if _PLAIN.fullmatch(said):
                try:
                    return said.decode()
                except UnicodeDecodeError:
                    return None
        found = token(payload)
        if found is not None and not before:
            self._learn(payload, found)
        return found

    def _learn(self, payload: bytes, found: str) -> None:
        """What surrounds the text, proven by another text in its place."""
        if found == _PROBE:
            return  # in its place it would prove nothing
        before, there, after = payload.rpartition(b'"%s"' % found.encode(errors="replace"))
        if there and token(b'%s"%s"%s' % (before, _PROBE.encode(), after)) == _PROBE:
            self._before, self._after = before + b'"', b'"' + after
