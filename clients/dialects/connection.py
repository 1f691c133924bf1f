"""Connection: one request at a time over HTTP/1.1, on asyncio's own transport; llhttp reads the answers.

An answer is taken in where its bytes arrive. Whoever asked is woken once, at its end: a stream has a segment for each
token, and to wake a task for each would cost more than all else of a call.
"""

import asyncio
from typing import Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

LONGEST_HEAD = 65_536
"""So many bytes of an answer's headers are taken, and of all else that comes without content."""

LONGEST_ANSWER = 64 * 2**20
"""So many bytes of a whole answer are taken: a server that never ends must not fill the memory until the deadline."""


class BrokenConnection(Exception):  # as the errors of streams/errors.py
    """No answer came, or half of one. `unanswered`: the connection ended before a byte of it."""

    def __init__(self, why: str, *, unanswered: bool = False) -> None:
        super().__init__(why)
        self.unanswered = unanswered


class Answer(Protocol):
    """Takes an answer in. What any of it raises, ends the answer, and is raised to whoever asked."""

    def head(self, status: int, headers: dict[str, str]) -> None:
        """Status and headers, their names in lower case."""

    def feed(self, content: bytes) -> None:
        """A piece of the content."""

    def end(self) -> None:
        """There is no more."""


class Connection(asyncio.Protocol):
    """Kept for the next request while it is `usable`."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._pieces: list[bytes] = []
        self.on_body = self._pieces.append  # as the parser names it
        self._parser = _parser(self)
        self._answer: Answer | None = None
        self._ended: asyncio.Future[None] | None = None
        self._kept_alive = True
        self._begin()

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._received = self._without_content = self._head_bytes = self._last_piece = 0
        self._headed = self._complete = False

    @property
    def usable(self) -> bool:
        """Whether another request may be sent."""
        transport = self._transport
        return self._kept_alive and self._answer is None and transport is not None and not transport.is_closing()

    async def ask(self, request: bytes, answer: Answer) -> None:
        """Send a request and wait for the whole answer; BrokenConnection, or what `answer` raises. Cancelled, it ends
        the connection, by which the server knows."""
        if self._transport is None:
            raise BrokenConnection("the connection was closed", unanswered=True)
        self._begin()
        self._answer = answer
        ended = self._ended = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            await ended
        except BaseException:
            if self._answer is not None:  # cancelled
                self.abort()
            if not ended.cancelled():
                ended.exception()  # it failed in the same instant, and nobody else is to hear of it
            raise

    def close(self) -> None:
        """End it, when it is idle."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End it, whatever runs."""
        self._fail(BrokenConnection("the connection was closed"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"a stream's transport was expected, not {transport!r}")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Some of the answer; without a question nothing is to be said."""
        answer = self._answer
        if answer is None:
            self.abort()
            return
        try:
            self._parse(data)
            self._hand_over(answer)
        except Exception as error:  # noqa: BLE001 # whoever asked is to hear of it, and the connection is closed
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended, by the server or by us."""
        self._transport = None
        answer = self._answer
        if answer is None:
            return
        if exc is None and self._headed and self._unbounded():
            self._complete, self._kept_alive, self._last_piece = True, False, len(self._pieces)
            try:
                self._hand_over(answer)
            except Exception as error:  # noqa: BLE001 # as above
                self._fail(error)
            return
        why = "the server closed the connection" if exc is None else str(exc) or type(exc).__name__
        self._fail(BrokenConnection(why, unanswered=not self._received))

    def on_message_begin(self) -> None:
        """As the parser names it. Whatever comes after an answer was not asked for."""
        if self._complete:
            self._kept_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """As the parser names it: one header."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > LONGEST_HEAD:
            raise ValueError(f"more than {LONGEST_HEAD} bytes of headers")
        if self._headed:  # one behind the content
            return
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())

    def on_headers_complete(self) -> None:
        """As the parser names it. What precedes the answer, as `100 Continue`, is none."""
        status = self._parser.get_status_code()
        if status < 200:  # an interim one, by RFC 9110
            self._headers = {}
        elif self._answer is not None and not self._headed:
            self._headed = True
            self._answer.head(status, self._headers)

    def on_message_complete(self) -> None:
        """As the parser names it."""
        if self._headed and not self._complete:
            self._complete, self._last_piece = True, len(self._pieces)
            self._kept_alive = self._parser.should_keep_alive()

    def _parse(self, data: bytes) -> None:
        """BrokenConnection for no HTTP, or too much of it. What follows a whole answer takes nothing from it."""
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self._complete:
                raise BrokenConnection(f"no HTTP: {error.__context__ or error}") from error
            self._kept_alive = False
        self._without_content = 0 if self._pieces or self._complete else self._without_content + len(data)
        if self._without_content > LONGEST_HEAD:
            raise BrokenConnection(f"more than {LONGEST_HEAD:,} bytes of headers")
        if self._received > LONGEST_ANSWER:
            raise BrokenConnection(f"more than {LONGEST_ANSWER:,} bytes of an answer")

    def _unbounded(self) -> bool:
        """Whether the answer does not say where it ends: then it ends with its connection."""
        coding = self._headers.get("transfer-encoding", "identity")
        return "content-length" not in self._headers and coding.lower() == "identity"

    def _hand_over(self, answer: Answer) -> None:
        pieces = self._pieces
        if self._complete:
            del pieces[self._last_piece :]
        if pieces:
            content = b"".join(pieces)
            pieces.clear()
            answer.feed(content)
        if self._complete:
            answer.end()
            self._answer = None
            if self._ended is not None and not self._ended.done():
                self._ended.set_result(None)

    def _fail(self, error: Exception) -> None:
        """Tell whoever waits, and end."""
        waits = self._answer is not None and self._ended is not None and not self._ended.done()
        self._answer, self._kept_alive = None, False
        if waits and self._ended is not None:
            self._ended.set_exception(error)
        if self._transport is not None:
            self._transport.abort()


def _parser(connection: Connection) -> HttpResponseParser:
    """One that takes what servers of long ago send and a reader can understand: ends of lines without CR, headers on
    several lines, blanks behind a chunk's length."""
    parser = HttpResponseParser(connection)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser
