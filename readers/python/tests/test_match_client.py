"""The clients of `penchant serve`: every candidate once, in time, whatever the service does."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from penchant_reader.async_match_client import AsyncMatchClient
from penchant_reader.intent import ReadFailed
from penchant_reader.match import Match, Matches
from penchant_reader.match_client import MatchClient

PATIENT_S = 20.0
Answer = Callable[[dict[str, Any]], tuple[int, bytes]]


class ScriptedService(ThreadingHTTPServer):
    """Answers each request with what `answer` makes of it, `pause_s` after it came."""

    daemon_threads = True
    request_queue_size = 128  # of five, the connections of many threads at once are refused
    answer: Answer
    pause_s = 0.0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Conversation(BaseHTTPRequestHandler):
    """One connection, which is kept."""

    server: ScriptedService
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a request."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = self.server.answer(asked | {"token": self.headers["Authorization"]})
        time.sleep(self.server.pause_s)
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            return  # the client has left, as clients do

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class InLoop:
    """AsyncMatchClient with the face of MatchClient, in an event loop of its own."""

    def __init__(self, url: str, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncMatchClient(url, **options)
        self.failures = self._client.failures

    def match(self, shopper: Any, candidates: Iterable[Any], **more: Any) -> Matches:
        return self._loop.run_until_complete(self._client.match(shopper, candidates, **more))

    def close(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.close()


Connect = Callable[..., MatchClient | InLoop]


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    """One that turns the order round, until told otherwise."""
    with ScriptedService(("127.0.0.1", 0), Conversation) as server:
        server.answer = turned
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(params=[MatchClient, InLoop], ids=["threads", "asyncio"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Makes clients, of each kind in turn, and closes them."""
    with ExitStack() as stack:

        def make(url: str, **options: Any) -> MatchClient | InLoop:
            client: MatchClient | InLoop = stack.enter_context(closing(request.param(url, **options)))
            return client

        yield make


def turned(asked: dict[str, Any]) -> tuple[int, bytes]:
    """The last candidate is the fittest."""
    told = [
        {"product": each, "score": at, "fit": None, "card": True, "for": [{"code": "brand"}], "against": []}
        for at, each in enumerate(asked["candidates"])
    ]
    answer = {"shopper": asked["shopper"], "step": "features", "matches": told[::-1], "notes": [str(asked["token"])]}
    answer |= {"sentence": "It fits."} if asked.get("sentence") else {}
    return 200, json.dumps(answer).encode()


def test_the_answer_is_as_the_service_says(connect: Connect, service: ScriptedService) -> None:
    """Once for each candidate, with scores, reasons, notes, and the token that was sent."""
    found = connect(service.url, timeout_s=PATIENT_S, token="secret").match(7, ["a", "b", "a", b"c"], reasons="de")  # noqa: S106
    assert (found.shopper, found.products, found.step, found.failed) == ("7", ["c", "b", "a"], "features", False)
    assert found.matches[0] == Match("c", 2.0, None, card=True, pro=({"code": "brand"},))
    assert found.notes == ("Bearer secret",)


def test_a_sentence_comes_where_it_is_asked_for(connect: Connect, service: ScriptedService) -> None:
    """An older service says none; a failed one has none, and nothing is raised."""
    client = connect(service.url, timeout_s=PATIENT_S, circuit_s=0)
    assert client.match("ada", ["a", "b"], reasons=True, sentence=True).sentence == "It fits."
    assert client.match("ada", ["a", "b"], reasons=True).sentence == ""
    service.answer = lambda _: (503, b"{}")
    found = client.match("ada", ["a", "b"], sentence=True)
    assert (found.sentence, found.failed, found.products) == ("", True, ["a", "b"])


def test_what_cannot_be_asked_about_comes_last(connect: Connect, service: ScriptedService) -> None:
    """Ids of no kind, and those behind the first hundred, in the order given."""
    ids: list[Any] = ["a{b}", None, "half \ud800", *(f"sku-{at}" for at in range(102)), 1.5, "", "x" * 129]
    found = connect(service.url, timeout_s=PATIENT_S).match("ada", ids)
    assert found.products[:100] == [f"sku-{at}" for at in reversed(range(100))]
    assert found.products[100:103] == ["a{b}", "None", repr("half \ud800")]
    assert found.products[103:] == ["sku-100", "sku-101", "1.5", "''", "x" * 129]


@pytest.mark.parametrize(("shopper", "candidates"), [(None, ["a"]), ("a{b}", ["a"]), ("ada", []), ("ada", [None])])
def test_nothing_is_asked_where_there_is_nothing_to_ask(
    connect: Connect, service: ScriptedService, shopper: Any, candidates: list[Any]
) -> None:
    """The order given stands."""
    client = connect(service.url, timeout_s=PATIENT_S)
    found = client.match(shopper, candidates)
    assert (found.failed, found.reason, len(found.matches)) == (True, "id", len(candidates))
    assert client.failures == {"InvalidId": 1}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (503, b"{}", "unavailable"), (429, b"{}", "unavailable"), (500, b"oops", "unavailable"),
        (401, b"{}", "refused"), (422, b'{"error": "reasons"}', "refused"), (404, b"", "refused"),
        (200, b"oops", "unreadable"), (200, b"[]", "unreadable"), (200, b"{}", "unreadable"),
        (200, b'{"matches": [], "step": "features", "notes": []}', "unreadable"),
        (200, b'{"matches": 5}', "unreadable"),
        (200, turned({"shopper": "ada", "candidates": ["a", "z"], "token": ""})[1], "unreadable"),
    ],
)  # fmt: skip
def test_the_order_given_stands_where_there_is_no_answer(
    connect: Connect, service: ScriptedService, status: int, body: bytes, reason: str
) -> None:
    """Never an error; a strict client raises it. What the service will not have is no reason to leave it alone."""
    service.answer = lambda _: (status, body)
    client = connect(service.url, timeout_s=PATIENT_S, circuit_s=600)
    found = client.match("ada", ["a", "b"])
    assert (found.products, found.failed, found.reason) == (["a", "b"], True, reason)
    assert client.match("ada", ["a"]).reason == ("circuit" if reason == "unavailable" else reason)
    with pytest.raises(ReadFailed):
        connect(service.url, timeout_s=PATIENT_S, strict=True).match("ada", ["a", "b"])


def test_it_does_not_wait_longer_than_it_may(connect: Connect, service: ScriptedService) -> None:
    """The answer comes later and is not taken for the next one; after a moment the service is asked again."""
    service.pause_s = 3
    client = connect(service.url, timeout_s=1, circuit_s=0.1)
    assert client.match("ada", ["a", "b"]).reason == "timeout"
    service.pause_s = 0
    ends_s = time.monotonic() + 60
    while (found := client.match("eve", ["c", "d"])).failed and time.monotonic() < ends_s:
        time.sleep(0.02)
    assert (found.shopper, found.products) == ("eve", ["d", "c"])


def test_a_service_that_is_not_there_costs_one_call(connect: Connect) -> None:
    """Those after it are told at once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = connect(f"http://127.0.0.1:{taken.getsockname()[1]}", timeout_s=PATIENT_S, circuit_s=600)
        assert [client.match("ada", ["a"]).reason for _ in range(3)] == ["unavailable", "circuit", "circuit"]


def test_threads_share_a_client(service: ScriptedService) -> None:
    """Each has its own answer."""
    found: dict[int, Matches] = {}
    with MatchClient(service.url, timeout_s=PATIENT_S) as client:

        def ask(number: int) -> None:
            found[number] = client.match(number, [f"a{number}", f"b{number}"])

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
    assert {number: each.products for number, each in found.items()} == {
        number: [f"b{number}", f"a{number}"] for number in range(24)
    }


def test_an_address_that_is_none_is_named_at_once() -> None:
    """It is a mistake of whoever makes the client."""
    with pytest.raises(ValueError, match="is no address of penchant serve"):
        MatchClient("redis://localhost")
