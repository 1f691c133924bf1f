"""A small OpenAI-compatible server that does what each prompt asks (tests/fakes/turns.py), quirks included.

Faults: `overload` (429), `overload-503`, `overload-529` and `failure` (500) are statuses; `overload-in-stream` and
`failure-in-stream` are error objects in a 200 stream, as SGLang and vLLM send them; `plain` ignores `stream`;
`mute` tells no usage; `unescaped` sends text as UTF-8; `cut` drops the connection in mid-answer; `garbage` sends no
JSON; `silent` ends without a word.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fakes.turns import Tally, Turn

USAGE = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}
STATUSES = {"overload": 429, "overload-503": 503, "overload-529": 529, "failure": 500}
STREAMED_ERRORS = {
    "overload-in-stream": {"object": "error", "message": "The request queue is full.", "code": 503},
    "failure-in-stream": {"message": "engine died", "type": "InternalServerError", "code": 500},
}


class OpenAIServer:
    """`models` are what /v1/models lists, `key` the API key it wants; `bodies` are the last requests."""

    def __init__(self, models: tuple[str, ...] = ("tiny",), key: str = "") -> None:
        self.models, self.key = models, key
        self.bodies: deque[dict[str, Any]] = deque(maxlen=100)
        self.tally = Tally()
        self.retry_after = "7"
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """What an OpenAI client takes as base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self) -> None:
        """Listen on a free loopback port; again: on the one it had."""
        app = web.Application()
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_post("/v1/chat/completions", self._chat)
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

    async def _list_models(self, request: web.Request) -> web.Response:
        if self._unknown(request):
            return web.json_response({"error": {"message": "Invalid API key"}}, status=401)
        return web.json_response({"object": "list", "data": [{"id": model} for model in self.models]})

    def _unknown(self, request: web.Request) -> bool:
        return bool(self.key) and request.headers.get("Authorization") != f"Bearer {self.key}"

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        if self._unknown(request):
            return web.json_response({"error": {"message": "Invalid API key"}}, status=401)
        if body["model"] not in self.models:
            return web.json_response({"object": "error", "message": "no such model", "code": 404}, status=404)
        async with self._counted():
            return await self._answer(request, Turn.read(body["messages"][0]["content"]))
        return web.Response()  # to nobody

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        t = self.tally
        self.tally = Tally(t.opened + 1, t.closed, t.cancelled)
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
            self.tally = Tally(t.opened, t.closed + 1, t.cancelled + gone)

    async def _answer(self, request: web.Request, turn: Turn) -> web.StreamResponse:
        if status := STATUSES.get(turn.fault):
            await asyncio.sleep(turn.delay_s)
            headers = {"Retry-After": self.retry_after} if turn.fault.startswith("overload") else {}
            return web.json_response({"error": {"message": "no"}}, status=status, headers=headers)
        if turn.fault == "plain":
            message = {"role": "assistant", "content": "".join(turn.chunks)}
            return web.json_response({"choices": [{"index": 0, "message": message}], "usage": USAGE})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        # The response has begun while the model thinks: a client that leaves now must be noticed all the same.
        await asyncio.sleep(turn.delay_s)
        await self._stream(request, response, turn)
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse, turn: Turn) -> None:
        if error := STREAMED_ERRORS.get(turn.fault):
            await response.write(_event({"error": error}))
            return
        if turn.fault == "garbage":
            await response.write(b"data: {oops\n\n")
            return
        if turn.fault == "silent":
            return
        await response.write(b": a comment\r\n\r\n" + _event(_choice({"role": "assistant", "content": ""})))
        for chunk in turn.chunks:
            await response.write(_event(_choice({"content": chunk}), escaped=turn.fault != "unescaped"))
            if turn.fault == "cut":
                assert request.transport is not None
                request.transport.abort()
                return
        if turn.fault != "mute":
            await response.write(_event({"choices": [], "usage": USAGE}))
        await response.write(b"data: [DONE]\n\n")


def _choice(delta: dict[str, str]) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta}]}


def _event(payload: dict[str, Any], *, escaped: bool = True) -> bytes:
    return b"data: " + json.dumps(payload, ensure_ascii=escaped).encode() + b"\n\n"
