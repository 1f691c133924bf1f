"""The words of `/v1/chat/completions` and `/v1/completions`: requests, and answers put together from events; pure."""

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from clients.calls import GIVEN_UP, Call, Completion
from clients.dialects.servers import Api, Guide, Server
from streams.errors import ModelOverloaded, ModelUnavailable

PATHS: dict[Api, str] = {"chat": "/chat/completions", "completions": "/completions"}


class PriorityRefused(ModelUnavailable):
    """The server takes no priority: it was started without, or does not know the field."""


class Words(BaseModel):
    """Something that a server says; what we do not know is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Said(Words):
    content: str | None = None


class Choice(Words):
    """`delta` in a chat's stream, `message` in its whole answer, `text` in both of a completion."""

    delta: Said | None = None
    message: Said | None = None
    text: str | None = None
    finish_reason: str | None = None


class PromptDetails(Words):
    cached_tokens: int | None = None


class Usage(Words):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None


class Fault(Words):
    message: str = ""
    code: int | str | None = None


class Event(Fault):
    """A piece of an answer, or an error: under `error`, or the whole object with `object: error`."""

    object: str = ""
    choices: tuple[Choice, ...] | None = None
    usage: Usage | None = None
    error: Fault | str | None = None

    def fault(self) -> Fault | None:
        """The error, if it is one."""
        if isinstance(self.error, str):
            return Fault(message=self.error)
        return self if self.object == "error" else self.error


class Model(Words):
    id: str
    owned_by: str = ""


class Models(Words):
    """The answer of `/v1/models`."""

    data: Annotated[tuple[Model, ...], Field(min_length=1)]


class Version(Words):
    """The answer of `/version`."""

    version: str = ""


class Reading:
    """One answer while it comes in. `began_s` and the other times are the event loop's, in seconds; `begun` is called
    with the first token."""

    def __init__(
        self, server: Server, model: str, endpoint: str, began_s: float, begun: Callable[[], None] | None = None
    ) -> None:
        self._server, self._model, self._endpoint, self._began_s = server, model, endpoint, began_s
        self._begun = begun
        self._first_s: float | None = None
        self._last_s = began_s
        self._texts: list[str] = []
        self._usage = Usage()
        self._finish: str | None = None
        self._ended = False

    def absorb(self, payload: bytes, now_s: float) -> None:
        """Take in one event; ModelOverloaded or ModelUnavailable when it is an error, ValueError when it is no
        completion event."""
        if payload == b"[DONE]":
            self._ended = True
            return
        event = Event.model_validate_json(payload)
        if fault := event.fault():
            raise refusal(self._server, self._endpoint, fault.code, fault.message)
        self._usage = event.usage or self._usage
        for choice in event.choices or ():
            self._finish = choice.finish_reason or self._finish
            self._ended |= bool(choice.finish_reason or choice.message)
            self._take(choice.text or (choice.delta or choice.message or Said()).content, now_s)

    def completion(self) -> Completion:
        """The whole answer; ModelUnavailable when the server did not end it, or gave it up."""
        if not self._ended:
            raise ModelUnavailable(f"{self._endpoint}: the answer broke off")
        if self._finish in GIVEN_UP:
            raise ModelUnavailable(f"{self._endpoint}: the server gave the answer up: {self._finish}")
        first_s, usage, details = self._first_s, self._usage, self._usage.prompt_tokens_details
        return Completion(
            text="".join(self._texts),
            model=self._model,
            endpoint=self._endpoint,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            cached_tokens=details.cached_tokens if details else None,
            prefill_ms=None if first_s is None else (first_s - self._began_s) * 1e3,
            decode_ms=None if first_s is None else (self._last_s - first_s) * 1e3,
            finish_reason=self._finish,
        )

    def _take(self, text: str | None, now_s: float) -> None:
        if not text:  # the first event of most servers has only the role: no token yet
            return
        if self._begun is not None and not self._texts:
            self._begun()
        self._texts.append(text)
        self._first_s = now_s if self._first_s is None else self._first_s
        self._last_s = now_s


def body(call: Call, model: str, api: Api, server: Server, *, with_priority: bool = True) -> bytes:
    """The request that asks for `call` as a stream."""
    asked = {"messages": [{"role": "user", "content": call.prompt}]} if api == "chat" else {"prompt": call.prompt}
    fields: dict[str, Any] = {
        "model": model,
        **asked,
        "max_tokens": call.max_tokens,
        "temperature": call.temperature,
        "seed": call.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if call.stop:
        fields["stop"] = list(call.stop)
    if call.json_schema is not None and server.guide is not None:
        fields |= _guide(server.guide, call.json_schema)
    if with_priority:
        fields |= server.priority.get(call.traffic_class, {})
    return orjson.dumps(fields)


def refusal(
    server: Server, endpoint: str, code: int | str | None, message: str, retry_after_s: float | None = None
) -> ModelUnavailable:
    """What an error with this status or code means."""
    text, words = f"{endpoint}: {message[:300]} ({code})", message.lower()
    if "priority is disabled" in words or (str(code) in ("400", "422") and _names_priority(server, words)):
        return PriorityRefused(text)
    if str(code) in server.overloaded or any(each in words for each in server.overload_words):
        return ModelOverloaded(text, retry_after_s)
    return ModelUnavailable(text)


def _guide(guide: Guide, json_schema: str) -> dict[str, Any]:
    schema = orjson.Fragment(json_schema)
    if guide == "guided_json":
        return {"guided_json": schema}
    if guide == "json":
        return {"response_format": {"type": "json", "schema": schema}}
    named = {"name": "answer", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _names_priority(server: Server, words: str) -> bool:
    return any(field in words for fields in server.priority.values() for field in fields)
