"""A model server that closes connections at bad moments, over plain sockets."""

import asyncio
from typing import Literal

ANSWER = b'{"answer":1}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)

Habit = Literal["after-each-answer", "at-the-second-request", "at-each-request", "within-the-second-head"]


class HangingUpServer:
    """Answers every call alike and never says `Connection: close`. `connections` and `requests` are counted."""

    def __init__(self, habit: Habit) -> None:
        self._habit = habit
        self.connections = self.requests = 0
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close the port; the connections are the client's to close."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        served = 0
        while await _request(reader):
            self.requests += 1
            served += 1
            said = self._says(served)
            writer.write(said)
            if said != WHOLE or self._habit == "after-each-answer":
                break
        writer.close()

    def _says(self, served: int) -> bytes:
        """The answer, or what comes of it before the connection closes."""
        if self._habit == "at-each-request" or (self._habit == "at-the-second-request" and served == 2):
            return b""
        return WHOLE[:20] if self._habit == "within-the-second-head" and served == 2 else WHOLE


async def _request(reader: asyncio.StreamReader) -> bool:
    """Read one request; False when there is none any more."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0))
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    return True
