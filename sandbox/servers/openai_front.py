"""An OpenAI-compatible front before a simulated GPU: `python -m sandbox.servers.openai_front PORT`, a child process.

It streams as the real ones do, an event for each token. `/metrics` counts what it began, ended and was left with.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from sandbox.gpu import answers, simulated_match
from sandbox.gpu.answers import Answer
from sandbox.gpu.engine import engine
from sandbox.gpu.iterations import Request
from sandbox.gpu.timing import Timing
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN, tokens
from streams.errors import ModelOverloaded

MODEL = "simulated"
OWNER = "penchant"
TICK_S = 0.02  # tokens of less than that are written at once, as an engine's steps do
COUNTS = ("opened", "closed", "cancelled")


class Front:
    """Answers requests at the times that the simulated GPU gives."""

    def __init__(self, timing: Timing, answer: Answer) -> None:
        self._gpu, self._timing, self._answer = engine(timing), timing, answer
        self._counts = dict.fromkeys(COUNTS, 0)

    def app(self) -> web.Application:
        """What is served."""
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completions)
        return app

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": OWNER}]})

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text=str(os.getppid()))

    async def _metrics(self, _: web.Request) -> web.Response:
        lines = [f"penchant_simulated_requests_{name}_total {count}" for name, count in self._counts.items()]
        return web.Response(text="\n".join([*lines, ""]))

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        return await self._serve(request, body, body["messages"][-1]["content"], lambda text: {"delta": text_of(text)})

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        return await self._serve(request, body, body["prompt"], lambda text: {"text": text})

    async def _serve(
        self, request: web.Request, body: dict[str, Any], prompt: str, piece: Callable[[str], dict[str, Any]]
    ) -> web.StreamResponse:
        text = answers.cut(self._answer(prompt), body["max_tokens"], body.get("stop", ()))
        likeliest = log_probabilities(prompt, request.path, body) if body.get("logprobs") else None
        try:
            running = self._gpu.submit(prompt, tokens(text), now_ms(), max_tokens=body["max_tokens"])
        except ModelOverloaded as exc:
            return web.json_response({"error": {"message": str(exc), "code": 503}}, status=503)
        self._counts["opened"] += 1
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        ended = "cancelled"
        try:
            await response.prepare(request)
            await self._stream(response, running, text, lambda each: {**piece(each), "logprobs": likeliest})
            ended = "closed"
        finally:
            self._gpu.cancel(running, now_ms())  # of no effect once it ended
            self._counts["closed"] += 1
            self._counts["cancelled"] += ended == "cancelled"
        return response

    async def _stream(
        self, response: web.StreamResponse, running: Request, text: str, piece: Callable[[str], dict[str, Any]]
    ) -> None:
        cut = [text[at : at + CHARACTERS_PER_TOKEN] for at in range(0, len(text), CHARACTERS_PER_TOKEN)]
        sent = 0
        while sent < running.output_tokens:
            await asyncio.sleep(self._wait_s())
            self._gpu.advance(now_ms())
            given = running.tokens_at(now_ms())
            if given > sent:
                await response.write(b"".join(event({"choices": [piece(each)]}) for each in cut[sent:given]))
                sent = given
        usage = {
            "prompt_tokens": running.input_tokens,
            "completion_tokens": running.output_tokens,
            "prompt_tokens_details": {"cached_tokens": running.reused_blocks * self._timing.block_tokens},
        }
        end = event({"choices": [{**piece(""), "finish_reason": "stop"}]}) + event({"choices": [], "usage": usage})
        await response.write(end + b"data: [DONE]\n\n")

    def _wait_s(self) -> float:
        """Until something changes, but not for longer than a tick."""
        return min(max(self._gpu.next_ms() - now_ms(), 0.0) / 1e3, TICK_S)


def log_probabilities(prompt: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Those of the first token, in the form of the API that was asked."""
    most = body.get("top_logprobs", body["logprobs"])
    found = list(simulated_match.log_probabilities(prompt).items())[: int(most)]
    if path.endswith("/chat/completions"):
        return {"content": [{"top_logprobs": [{"token": token, "logprob": value} for token, value in found]}]}
    return {"top_logprobs": [{f" {token}": value for token, value in found}]}


def text_of(text: str) -> dict[str, str]:
    """A piece of a chat."""
    return {"content": text}


def event(payload: dict[str, Any]) -> bytes:
    """A server-sent event."""
    return b"data: " + orjson.dumps(payload) + b"\n\n"


def now_ms() -> float:
    """The clock of the simulated GPU."""
    return asyncio.get_running_loop().time() * 1e3


def main(port: int) -> None:
    """Serve on loopback until SIGTERM."""
    front = Front(Timing().under(os.environ), answers.load(os.environ.get(answers.VARIABLE, answers.DEFAULT)))
    web.run_app(front.app(), host="127.0.0.1", port=port, print=None, handler_cancellation=True, shutdown_timeout=0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
