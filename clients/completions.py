"""The words of `/v1/chat/completions`: the request's body, and the answer put together from its events; pure."""

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from clients.calls import Call, Completion
from streams.errors import ModelOverloaded, ModelUnavailable

OVERLOADED = frozenset({"429", "503", "529"})
"""What servers answer when they want less: quota, no capacity (vLLM, SGLang, Dynamo), queue limit (Dynamo)."""


class Words(BaseModel):
    """Something that a server says; what we do not know is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Said(Words):
    content: str | None = None


class Choice(Words):
    """`delta` in a stream, `message` in a whole answer."""

    delta: Said | None = None
    message: Said | None = None
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


class Models(Words):
    """The answer of `/v1/models`."""

    data: Annotated[tuple[Model, ...], Field(min_length=1)]


class Lines:
    """Cuts the bytes of a server-sent event stream into the payloads of its `data:` lines.

    Only line feeds end a line: JSON may hold other characters that text libraries take for line ends.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads that are complete with `chunk`."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [line[5:].strip() for line in lines if line.startswith(b"data:")]


class Reading:
    """One answer while it comes in. `began_s` and the other times are the event loop's, in seconds."""

    def __init__(self, model: str, endpoint: str, began_s: float) -> None:
        self._model, self._endpoint, self._began_s = model, endpoint, began_s
        self._first_s: float | None = None
        self._last_s = began_s
        self._texts: list[str] = []
        self._usage = Usage()
        self._ended = False

    def absorb(self, payload: bytes, now_s: float) -> None:
        """Take in one event; ModelOverloaded or ModelUnavailable when it is an error, ValueError when it is none."""
        if payload == b"[DONE]":
            self._ended = True
            return
        event = Event.model_validate_json(payload)
        if fault := event.fault():
            raise refusal(self._endpoint, fault.code, fault.message)
        self._usage = event.usage or self._usage
        for choice in event.choices or ():
            self._ended |= bool(choice.finish_reason or choice.message)
            self._take((choice.delta or choice.message or Said()).content, now_s)

    def completion(self) -> Completion:
        """The whole answer; ModelUnavailable when the server did not end it."""
        if not self._ended:
            raise ModelUnavailable(f"{self._endpoint}: the answer broke off")
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
        )

    def _take(self, text: str | None, now_s: float) -> None:
        if not text:  # the first event of most servers has only the role: no token yet
            return
        self._texts.append(text)
        self._first_s = now_s if self._first_s is None else self._first_s
        self._last_s = now_s


def body(call: Call, model: str) -> bytes:
    """The request that asks for `call` as a stream."""
    fields: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "user", "content": call.prompt}],
        "max_tokens": call.max_tokens,
        "temperature": call.temperature,
        "seed": call.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if call.stop:
        fields["stop"] = list(call.stop)
    if call.json_schema is not None:
        schema = {"name": "answer", "strict": True, "schema": orjson.Fragment(call.json_schema)}
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    return orjson.dumps(fields)


def refusal(
    endpoint: str, code: int | str | None, message: str, retry_after_s: float | None = None
) -> ModelUnavailable:
    """What an error with this status or code means."""
    text = f"{endpoint}: {message[:300]} ({code})"
    if str(code) in OVERLOADED:
        return ModelOverloaded(text, retry_after_s)
    return ModelUnavailable(text)
