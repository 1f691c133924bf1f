"""A small OpenAI-compatible server that does what each prompt asks (tests/fakes/scripted_calls.py), as a real one does.

Faults: `overload` is what its kind does when full; `overload-503`, `overload-529` and `failure` (500) are statuses;
`overload-in-stream` and `failure-in-stream` are error objects in a 200 stream; `abort` ends an answer as given up;
`plain` ignores `stream`; `mute` tells no usage; `cold` has nothing cached; `unescaped` sends text as UTF-8; `cut` drops
the connection in mid-answer; `garbage` sends no JSON; `silent` ends without a word.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.openai_kinds import KINDS, Kind, Refused
from tests.fakes.scripted_calls import ServerCallCounts, Turn

STATUSES = {"overload-503": 503, "overload-529": 529, "failure": 500}
STREAMED_ERRORS = {
    "overload-in-stream": {"object": "error", "message": "The request queue is full.", "code": 503},
    "failure-in-stream": {"message": "engine died", "type": "InternalServerError", "code": 500},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the server made of a request: which path, how urgent, and the schema that it holds the answer to."""

    path: str
    urgency: float
    guide: Any


class OpenAIServer:
    """`kind` is the server that it plays, started with `priorities` or not; `models` are what /v1/models lists, `key`
    the API key it wants. `bodies`, `headers` and `asked` are of the last calls, `paths` of the last requests; without
    `alive` its engine has died. `refuses` is what it, or a gateway before it, has against a body."""

    def __init__(
        self, models: tuple[str, ...] = ("tiny",), key: str = "", *, kind: str = "other", priorities: bool = True
    ) -> None:
        self.models, self.key, self.priorities = models, key, priorities
        self.kind: Kind = KINDS[kind]
        self.bodies: deque[dict[str, Any]] = deque(maxlen=100)
        self.headers: deque[Mapping[str, str]] = deque(maxlen=100)
        self.paths: deque[str] = deque(maxlen=100)
        self.refuses: Callable[[Mapping[str, Any]], Refused | None] = lambda _: None
        self.asked: deque[Asked] = deque(maxlen=100)
        self.tally = ServerCallCounts()
        self.alive = True
        self.retry_after = "7"
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """What an OpenAI client takes as base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self) -> None:
        """Listen on a free loopback port; again: on the one it had."""
        app = web.Application(middlewares=[self._note])
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get(self.kind.health, self._health)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/completions", self._complete)
        if self.kind.version:
            app.router.add_get("/version", self._version)
        # Without handler_cancellation aiohttp would let a handler run on after its client has gone.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Drop every connection and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _note(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.paths.append(request.path)
        return await handler(request)

    async def _list_models(self, request: web.Request) -> web.Response:
        if self._unknown(request):
            return web.json_response({"error": {"message": "Invalid API key"}}, status=401)
        listed = [{"id": model, "object": "model", "owned_by": self.kind.owner} for model in self.models]
        return web.json_response({"object": "list", "data": listed})

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(status=200 if self.alive else 503)

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": self.kind.version})

    def _unknown(self, request: web.Request) -> bool:
        return bool(self.key) and request.headers.get("Authorization") != f"Bearer {self.key}"

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(request.headers)
        if self._unknown(request):
            return web.json_response({"error": {"message": "Invalid API key"}}, status=401)
        if body["model"] not in self.models:
            return web.json_response({"object": "error", "message": "no such model", "code": 404}, status=404)
        said = body["messages"][0]["content"] if "messages" in body else body["prompt"]
        turn = Turn.read(said if isinstance(said, str) else said[0]["text"])
        try:
            self._understand(request.path, body)
            async with self._counted():
                if turn.fault == "overload":
                    raise self.kind.overload
                return await Answering(request, self.kind, turn, self.retry_after).answer()
        except Refused as refused:
            return await self._refuse(request, refused)
        return web.Response()  # to nobody

    def _understand(self, path: str, body: dict[str, Any]) -> None:
        if self.kind.known is not None and (unknown := body.keys() - self.kind.known):
            raise Refused(400, f"Extra inputs are not permitted: {sorted(unknown)}")
        if refused := self.refuses(body):
            raise refused
        urgency = self.kind.urgency if self.priorities else self.kind.without
        self.asked.append(Asked(path, urgency(body), self.kind.guide(body)))

    async def _refuse(self, request: web.Request, refused: Refused) -> web.StreamResponse:
        error = {"object": "error", "message": refused.message, "type": "error", "code": refused.status}
        if refused.bare:
            return web.Response(status=refused.status)
        if not refused.streamed:
            headers = {"Retry-After": self.retry_after}
            return web.json_response({"error": error}, status=refused.status, headers=headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(event({"error": error}) + b"data: [DONE]\n\n")
        return response

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        t = self.tally
        self.tally = ServerCallCounts(t.opened + 1, t.closed, t.cancelled)
        gone = 0
        try:
            yield
        except ConnectionResetError:
            gone = 1
        except asyncio.CancelledError:
            gone = 1
            raise
        finally:
            t = self.tally
            self.tally = ServerCallCounts(t.opened, t.closed + 1, t.cancelled + gone)


class Answering:
    """One answer, in the words of the path that was asked."""

    def __init__(self, request: web.Request, kind: Kind, turn: Turn, retry_after: str) -> None:
        self._request, self._kind, self._turn, self._retry_after = request, kind, turn, retry_after
        self._chat = request.path.endswith("/chat/completions")

    async def answer(self) -> web.StreamResponse:
        """Do what the turn asks."""
        turn = self._turn
        if status := STATUSES.get(turn.fault):
            await asyncio.sleep(turn.delay_s)
            headers = {"Retry-After": self._retry_after} if turn.fault.startswith("overload") else {}
            return web.json_response({"error": {"message": "no"}}, status=status, headers=headers)
        if turn.fault == "plain":
            return web.json_response({"choices": [self._whole()], "usage": self._usage()})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(self._request)
        # The response has begun while the model thinks: a client that leaves now must be noticed all the same.
        await asyncio.sleep(turn.delay_s)
        await self._stream(response)
        return response

    async def _stream(self, response: web.StreamResponse) -> None:
        turn = self._turn
        if error := STREAMED_ERRORS.get(turn.fault):
            await response.write(event({"error": error}))
            return
        if turn.fault == "garbage":
            await response.write(b"data: {oops\n\n")
            return
        if turn.fault == "silent":
            return
        await response.write(b": a comment\r\n\r\n")
        if self._chat:
            await response.write(event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}))
        for chunk in turn.chunks:
            await response.write(event({"choices": [self._piece(chunk)]}, escaped=turn.fault != "unescaped"))
            if turn.fault == "cut":
                assert self._request.transport is not None
                self._request.transport.abort()
                return
        reason = "abort" if turn.fault == "abort" else "stop"
        await response.write(event({"choices": [{**self._piece(""), "finish_reason": reason}]}))
        if turn.fault != "mute":
            await response.write(event({"choices": [], "usage": self._usage()}))
        await response.write(b"data: [DONE]\n\n")

    def _piece(self, text: str) -> dict[str, Any]:
        return {"index": 0, "delta": {"content": text}} if self._chat else {"index": 0, "text": text}

    def _whole(self) -> dict[str, Any]:
        text = "".join(self._turn.chunks)
        said: dict[str, Any] = {"message": {"role": "assistant", "content": text}} if self._chat else {"text": text}
        return {"index": 0, "finish_reason": "stop", **said}

    def _usage(self) -> dict[str, Any]:
        cached = 0 if self._turn.fault == "cold" else 64
        usage: dict[str, Any] = {"prompt_tokens": 100, "completion_tokens": 7}
        if self._kind.tells_cached and (cached or self._kind.tells_zero_cached):
            usage["prompt_tokens_details"] = {"cached_tokens": cached}
        return usage


def event(payload: dict[str, Any], *, escaped: bool = True) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(payload, ensure_ascii=escaped).encode() + b"\n\n"
