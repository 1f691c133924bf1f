"""Answers over HTTP while they come in: kept whole, or handed on event by event."""

from collections.abc import Callable, Mapping, Sequence

from clients.dialects.lines import Lines, OddWords

JSON = "application/json"

COMPRESSED = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"})
"""Content encodings, none of which is asked for. Other words, as `utf-8`, are a misuse that changes nothing."""

Absorb = Callable[[Sequence[bytes]], None]
"""Takes the payloads of the next events."""


class WholeAnswer:
    """Keeps the content until the end. A compressed one is OddWords, and of an error it is left out."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._pieces: list[bytes] = []
        self._encoding = ""

    @property
    def good(self) -> bool:
        """Whether its status is that of an answer."""
        return 200 <= self.status < 300

    @property
    def content(self) -> bytes:
        """What has come."""
        return b"".join(self._pieces)

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Status and headers, their names in lower case."""
        self.status, self.headers = status, headers
        self._encoding = _compression(headers)
        if self._encoding and not self.good:
            self._pieces.append(f"(its text is compressed: {self._encoding})".encode())

    def feed(self, content: bytes) -> None:
        """A piece of the content."""
        if not self._encoding:
            self._pieces.append(content)
        elif self.good:
            raise OddWords(f"the answer is compressed ({self._encoding}), though it was asked for in plain")

    def end(self) -> None:
        """There is no more."""


class StreamedAnswer(WholeAnswer):
    """Hands events to `absorb`; of an answer that is no stream the whole content, and nothing of one with an error's
    status."""

    def __init__(self, absorb: Absorb) -> None:
        super().__init__()
        self._absorb = absorb
        self._lines: Lines | None = None

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Whether it is a stream."""
        super().head(status, headers)
        if self.good and not self._encoding and not headers.get("content-type", "").startswith(JSON):
            self._lines = Lines()

    def feed(self, content: bytes) -> None:
        """A piece of the content."""
        if self._lines is None:
            super().feed(content)
        elif payloads := self._lines.feed(content):
            self._absorb(payloads)

    def end(self) -> None:
        """There is no more."""
        if self._lines is None:
            if self.good:
                self._absorb([self.content])
        elif payloads := self._lines.end():
            self._absorb(payloads)


def _compression(headers: Mapping[str, str]) -> str:
    """The first compression of the content; empty for a plain one."""
    words = headers["content-encoding"].lower().split(",") if "content-encoding" in headers else ()
    return next((word.strip() for word in words if word.strip() in COMPRESSED), "")
