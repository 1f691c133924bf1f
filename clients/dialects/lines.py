"""Lines: server-sent events out of a stream of bytes; pure."""

import re

import orjson

_LINE_END = re.compile(rb"\r\n|\n|\r")
LONGEST_LINE = 2**20
"""So many bytes of a line are kept until its end comes: each segment of it is joined to them."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class OddWords(ValueError):  # as the errors of streams/errors.py
    """A payload is not what the dialect says."""


class Lines:
    """Cuts the bytes of a server-sent event stream into the payloads of its events.

    A line ends with CR, LF or both, and with no other character that text libraries take for a line end: JSON may hold
    those. The `data:` lines of one event are joined, except where each is a JSON text of its own, as servers send that
    forget the empty line between events. Empty payloads are left out: gateways keep a connection alive with them.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._after_cr = False
        self._begun = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads that are complete with `chunk`; OddWords when a line does not end."""
        if self._after_cr and chunk:  # whose line feed may only come now
            chunk, self._after_cr = chunk.removeprefix(b"\n"), False
        text = self._rest + chunk
        if not self._begun and len(text) >= len(_BYTE_ORDER_MARK):
            text, self._begun = text.removeprefix(_BYTE_ORDER_MARK), True
        self._after_cr = self._after_cr or text.endswith(b"\r")
        payloads: list[bytes] = []
        if not self._data and b"\r" not in text:
            text = _plain_events(text, payloads)
        *lines, self._rest = _LINE_END.split(text) if b"\r" in text else text.split(b"\n")
        for line in lines:
            self._take(line, payloads)
        if len(self._rest) > LONGEST_LINE:
            raise OddWords(f"a line of more than {LONGEST_LINE:,} bytes")
        return payloads

    def end(self) -> list[bytes]:
        """The payloads of what came without its end, when the stream has ended."""
        line, self._rest = self._rest, b""
        payloads: list[bytes] = []
        self._take(line, payloads)
        self._take(b"", payloads)
        return payloads

    def _take(self, line: bytes, payloads: list[bytes]) -> None:
        """One line; a payload that it completes is added."""
        if not line:
            if self._data:
                payloads.append(b"\n".join(self._data))
                self._data = []
            return
        if not line.startswith(b"data:") or not (payload := line[5:].strip()):
            return
        if self._data and _whole(self._data):
            payloads.append(b"\n".join(self._data))
            self._data = []
        self._data.append(payload)


def _plain_events(text: bytes, payloads: list[bytes]) -> bytes:
    """Add the payloads of the events that `text` begins with, where each is one line, as nearly all are; returns what
    is left to be read."""
    events, end, rest = text.rpartition(b"\n\n")
    if not end or not events.startswith(b"data:"):
        return text
    pieces = events[5:].split(b"\n\ndata:")
    if events.count(b"\n") != 2 * (len(pieces) - 1):  # some lines are others, or of one event
        return text
    payloads += [payload for piece in pieces if (payload := piece.strip())]
    return rest


def _whole(data: list[bytes]) -> bool:
    """Whether these lines are an event by themselves."""
    text = b"\n".join(data)
    if text == b"[DONE]":
        return True
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
