"""A minimal OpenAI-compatible server: it answers every prompt alike, after a set time, and costs little to run.

`python -m benchmarks.answering PORT DELAY_S` is its process. An answer is a stream of an event a token, as real servers
send it, written at once. `/cost` tells the processor time that it has used and the calls that it has answered.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx
import orjson

from sandbox.gpu.answers import LOOKS_AROUND
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN
from sandbox.servers.server import LOOPBACK, Server

MODEL = "minimal"
END_OF_HEAD = b"\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class AnsweringServer(Server):
    """`url` is what an OpenAI client takes as base URL."""

    name = "answering"

    def __init__(self, run_folder: Path, delay_s: float) -> None:
        super().__init__(run_folder)
        self._delay_s = delay_s

    @property
    def url(self) -> str:
        """Where `/chat/completions` is."""
        return f"http://{LOOPBACK}:{self.ports[0]}/v1"

    def command(self) -> Sequence[str]:
        """This module."""
        return [sys.executable, "-m", "benchmarks.answering", str(self.ports[0]), str(self._delay_s)]

    async def healthy(self) -> bool:
        """It answers."""
        try:
            await self.cost()
        except httpx.HTTPError:
            return False
        return True

    async def cost(self) -> tuple[float, int]:
        """The seconds of processor time that it has used, and the calls that it has answered."""
        async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
            told = (await client.get(f"http://{LOOPBACK}:{self.ports[0]}/cost")).json()
        return told["cpu_s"], told["calls"]

    def describe(self) -> str:
        """What it is."""
        return f"minimal OpenAI-compatible server of the bench, {self._delay_s * 1e3:g} ms an answer"


class Connection(asyncio.Protocol):
    """One connection, kept alive; a client asks again when it has its answer."""

    answered = 0

    def __init__(self, delay_s: float) -> None:
        self._delay_s, self._read = delay_s, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._read += data
        head, found, body = self._read.partition(END_OF_HEAD)
        if not found or len(body) < _length(head):
            return
        self._read = b""
        if head.startswith(b"POST"):
            asyncio.get_running_loop().call_later(self._delay_s, self._answer)
        elif head.startswith(b"GET /cost"):
            self._transport.write(_json({"cpu_s": time.process_time(), "calls": Connection.answered}))
        elif head.startswith(b"GET /v1/models"):
            self._transport.write(_json({"object": "list", "data": [{"id": MODEL, "owned_by": "vllm"}]}))
        else:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def _answer(self) -> None:
        Connection.answered += 1
        self._transport.write(RESPONSE)


def response(text: str) -> bytes:
    """A whole answer: its head, an event for each token, the usage, and the end."""
    cut = [text[at : at + CHARACTERS_PER_TOKEN] for at in range(0, len(text), CHARACTERS_PER_TOKEN)]
    usage = {"prompt_tokens": 500, "completion_tokens": len(cut), "prompt_tokens_details": {"cached_tokens": 450}}
    deltas = [{"index": 0, "delta": {"content": piece}, "finish_reason": None} for piece in cut]
    events = [{"choices": [each]} for each in [*deltas, {"index": 0, "delta": {}, "finish_reason": "stop"}]]
    lines = [orjson.dumps(each) for each in [*events, {"choices": [], "usage": usage}]] + [b"[DONE]"]
    return STREAM + b"".join(map(_chunk, lines)) + b"0\r\n\r\n"


def _chunk(payload: bytes) -> bytes:
    event = b"data: " + payload + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(event), event)


def _json(value: object) -> bytes:
    content = orjson.dumps(value)
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content) + content


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


RESPONSE = response(LOOKS_AROUND)
EVENTS = RESPONSE.count(b"data: ")


async def serve(port: int, delay_s: float) -> None:
    """Serve on loopback until cancelled."""
    server = await asyncio.get_running_loop().create_server(partial(Connection, delay_s), LOOPBACK, port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
