"""A server that does what a test tells it to, and both readers with one face."""

import asyncio
import json
import socket
import socketserver
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from penchant_reader import HOT, AsyncIntentReader, IntentReader, ReadIntent

PATIENT_S = 5.0
KEY = "penchant:{%s}:intent"
Hash = dict[str, str]
Answer = Callable[[str], bytes | Hash]


class ScriptedRedis(socketserver.ThreadingTCPServer):
    """Answers HMGET with what `answer` makes of the key, `pause_s` after it was asked, and anything else with OK.

    Of a hash it gives the fields that were asked for; bytes it sends as they are.
    """

    daemon_threads = True
    request_queue_size = 128  # of five, the connections of many threads at once are refused
    block_on_close = False
    answer: Answer
    pause_s = 0.0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.server_address[1]}/0"


class Conversation(socketserver.StreamRequestHandler):
    """One connection."""

    server: ScriptedRedis

    def handle(self) -> None:
        """Read command after command, and answer each."""
        while line := self.rfile.readline():
            words = [self._word() for _ in range(int(line[1:]))]
            reply = b"+OK\r\n"
            if words[0] == "HMGET":
                time.sleep(self.server.pause_s)
                answer = self.server.answer(words[1])
                reply = answer if isinstance(answer, bytes) else reply_of([answer.get(name) for name in words[2:]])
            try:
                self.wfile.write(reply)
            except OSError:
                return  # the reader has left, as readers do

    def _word(self) -> str:
        return self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2].decode()


class InLoop:
    """AsyncIntentReader with the face of IntentReader, in an event loop of its own."""

    def __init__(self, url: str, **options: Any) -> None:
        self._reader = AsyncIntentReader(url, **options)
        self._loop = asyncio.new_event_loop()

    @property
    def failures(self) -> Counter[str]:
        return self._reader.failures

    def get(self, shopper: Any, **options: Any) -> ReadIntent:
        return self._loop.run_until_complete(self._reader.get(shopper, **options))

    def get_many(self, shoppers: Iterable[Any], **options: Any) -> list[ReadIntent]:
        return self._loop.run_until_complete(self._reader.get_many(shoppers, **options))

    def close(self) -> None:
        self._loop.run_until_complete(self._reader.close())
        self._loop.close()


Reader = IntentReader | InLoop
Connect = Callable[..., Reader]


def reply_of(values: Sequence[str | None]) -> bytes:
    """What Redis answers to HMGET."""
    parts = ["$-1\r\n" if value is None else f"${len(value.encode())}\r\n{value}\r\n" for value in values]
    return f"*{len(values)}\r\n{''.join(parts)}".encode()


def fields_of(shopper: str = "", **changes: str) -> Hash:
    """The fields of a shopper's intent as contract 1 has them."""
    fields = {
        "schema": "1", "position": "0:5:0", "source": "model", "as_of": "9000", "written_at": "9250",
        "stage": "compare", "mission": "kitchen", "category": "home/kettles", "brand": "Ålesund",
        "confidence": "0.7", "price_low": "19.99", "price_high": "60.0", "doc": json.dumps({"shopper": shopper}),
    }  # fmt: skip
    return fields | changes


def packed_of(fields: Mapping[str, str]) -> str:
    """The packed field beside them, as contract 3 has it."""
    return "\t".join(["1", *(fields.get(name, "-" if name == "purposes" else "") for name in HOT)])


def hash_of(shopper: str = "", **changes: str) -> Hash:
    """The fields as contract 3 has them, with the packed one."""
    fields = fields_of(shopper, **changes)
    return {"packed": packed_of(fields)} | fields


def nowhere() -> str:
    """The URL of a port where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
