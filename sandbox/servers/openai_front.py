"""An OpenAI-compatible front before a simulated GPU: `python -m sandbox.servers.openai_front HOST PORT MODEL`.

It streams as the real ones do, an event for each token. `/metrics` counts what it began, ended and was left with.
"""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from uuid import uuid4

import orjson
from aiohttp import web
from pydantic import ValidationError

from sandbox.gpu import answers
from sandbox.gpu.answers import Answer
from sandbox.gpu.engine import engine
from sandbox.gpu.timing import Timing
from sandbox.servers.openai_answer import DONE, Choice, Form, pieces_of
from sandbox.servers.openai_request import ChatAsked, TextAsked
from streams.errors import ModelOverloaded

MODEL = "simulated"
OWNER = "penchant"
TICK_S = 0.02  # tokens of less than that are written at once, as an engine's steps do
COUNTS = ("opened", "closed", "cancelled")
LONGEST_BODY = 16 * 2**20


class Front:
    """Answers requests at the times that the simulated GPU gives."""

    def __init__(self, timing: Timing, answer: Answer, model: str = MODEL) -> None:
        self._gpu, self._timing, self._answer, self._model = engine(timing), timing, answer, model
        self._counts = dict.fromkeys(COUNTS, 0)

    def app(self) -> web.Application:
        """What is served."""
        app = web.Application(client_max_size=LONGEST_BODY)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completions)
        return app

    async def _models(self, _: web.Request) -> web.Response:
        model = {"id": self._model, "object": "model", "created": 0, "owned_by": OWNER}
        return web.json_response({"object": "list", "data": [model]})

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text=str(os.getppid()))

    async def _metrics(self, _: web.Request) -> web.Response:
        lines = [f"penchant_simulated_requests_{name}_total {count}" for name, count in self._counts.items()]
        return web.Response(text="\n".join([*lines, ""]))

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, ChatAsked, "chatcmpl-")

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, TextAsked, "cmpl-")

    async def _answered(
        self, request: web.Request, kind: type[ChatAsked] | type[TextAsked], prefix: str
    ) -> web.StreamResponse:
        """Answer, or say what is wrong."""
        try:
            asked = kind.model_validate_json(await request.read())
        except ValidationError as exc:
            return complaint(400, *wrong(exc))
        if asked.model not in (None, self._model):
            return complaint(404, f"no model {asked.model!r} is here, but {self._model!r}", "model")
        form = Form(asked, f"{prefix}{uuid4().hex}", int(time.time()), self._model)
        choices: list[Choice] = []
        try:
            return self._refusal(asked, choices) or await self._serve(request, form, choices)
        finally:
            for choice in choices:
                self._gpu.cancel(choice.request, now_ms())  # of no effect once it ended

    def _refusal(self, asked: ChatAsked | TextAsked, choices: list[Choice]) -> web.Response | None:
        """Begin each choice; what to say when one cannot."""
        try:
            for prompt in asked.prompts:
                pieces, finish = pieces_of(prompt.question, asked, self._answer)
                for _ in range(asked.n):
                    running = self._gpu.submit(prompt.text, len(pieces), now_ms(), max_tokens=asked.longest or 0)
                    choices.append(Choice(len(choices), prompt, pieces, finish, running))
        except ModelOverloaded as exc:
            return complaint(503, str(exc))
        except ValueError as exc:
            return complaint(400, f"the prompt does not fit into the model's context length: {exc}")
        return None

    async def _serve(self, request: web.Request, form: Form, choices: Sequence[Choice]) -> web.StreamResponse:
        ended = "cancelled"
        self._counts["opened"] += 1
        try:
            answer = self._stream(request, form, choices) if form.asked.stream else self._whole(form, choices)
            response = await answer
            ended = "closed"
        finally:
            self._counts["closed"] += 1
            self._counts["cancelled"] += ended == "cancelled"
        return response

    async def _whole(self, form: Form, choices: Sequence[Choice]) -> web.StreamResponse:
        while not all(choice.ended for choice in choices):
            await self._tick()
            for choice in choices:
                choice.take(now_ms())
        return web.Response(body=form.whole(choices, self._timing.block_tokens), content_type="application/json")

    async def _stream(self, request: web.Request, form: Form, choices: Sequence[Choice]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while not all(choice.ended for choice in choices):
            await self._tick()
            if fresh := b"".join(self._fresh(form, choice) for choice in choices):
                await response.write(fresh)
        usage = form.usage_event(choices, self._timing.block_tokens) if form.asked.usage else b""
        await response.write(usage + DONE)
        return response

    def _fresh(self, form: Form, choice: Choice) -> bytes:
        """An event for each token that came, and one for the end."""
        if choice.ended:
            return b""
        first = choice.sent
        events = [form.event(choice, first + at, (piece,)) for at, piece in enumerate(choice.take(now_ms()))]
        if choice.ended:
            events.append(form.event(choice, choice.sent, (), choice.finish))
        return b"".join(events)

    async def _tick(self) -> None:
        """Until something changes, but not for longer than a tick."""
        await asyncio.sleep(min(max(self._gpu.next_ms() - now_ms(), 0.0) / 1e3, TICK_S))
        self._gpu.advance(now_ms())


def wrong(exc: ValidationError) -> tuple[str, str]:
    """What is wrong with a body, and the field."""
    first = exc.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field or 'the body'}: {first['msg']}", field


def complaint(status: int, message: str, param: str | None = None) -> web.Response:
    """An error in the form of OpenAI's API."""
    kind = "invalid_request_error" if status < 500 else "overloaded_error"
    error = {"message": message, "type": kind, "param": param or None, "code": status}
    return web.Response(body=orjson.dumps({"error": error}), status=status, content_type="application/json")


def now_ms() -> float:
    """The clock of the simulated GPU."""
    return asyncio.get_running_loop().time() * 1e3


def main(host: str, port: int, model: str) -> None:
    """Serve until SIGTERM."""
    answer = answers.load(os.environ.get(answers.VARIABLE, answers.DEFAULT))
    front = Front(Timing().under(os.environ), answer, model)
    web.run_app(front.app(), host=host, port=port, print=None, handler_cancellation=True, shutdown_timeout=0.1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
