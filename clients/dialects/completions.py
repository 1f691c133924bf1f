"""The words of `/v1/chat/completions` and `/v1/completions`: answers put together from events; pure."""

from collections.abc import Callable
from math import isfinite
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict

from clients.calls import GIVEN_UP, Completion
from clients.dialects.servers import Api
from streams.errors import ModelUnavailable

PATHS: dict[Api, str] = {"chat": "/chat/completions", "completions": "/completions"}


def _count(value: object) -> int | None:
    """A number of tokens; None for what is none, as gateways send that make one up."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return int(value) if value >= 0 else None


def _content(value: object) -> str | None:
    """The text of a message, which may come in parts; those of other kinds, as thoughts, are left out."""
    parts = value if isinstance(value, list) else [value]
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else part for part in parts]
    return "".join(text for text in texts if isinstance(text, str)) or None


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value, default=str).decode()


def _table(value: object) -> object:
    return value if isinstance(value, dict) else None


Count = Annotated[int | None, BeforeValidator(_count)]
Text = Annotated[str, BeforeValidator(_text)]


class Words(BaseModel):
    """Something that a server says; what we do not know is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Said(Words):
    content: Annotated[str | None, BeforeValidator(_content)] = None


class Choice(Words):
    """`delta` in a chat's stream, `message` in its whole answer, `text` in both of a completion."""

    delta: Said | None = None
    message: Said | None = None
    text: str | None = None
    finish_reason: str | None = None


class PromptDetails(Words):
    cached_tokens: Count = None


class Usage(Words):
    prompt_tokens: Count = None
    completion_tokens: Count = None
    prompt_tokens_details: Annotated[PromptDetails | None, BeforeValidator(_table)] = None


class Fault(Words):
    message: Text = ""
    code: Text = ""
    param: Text = ""


class Event(Fault):
    """A piece of an answer, or an error: under `error`, or the whole object with `object: error`."""

    object: str = ""
    choices: tuple[Choice, ...] | None = None
    usage: Annotated[Usage | None, BeforeValidator(_table)] = None
    error: Any = None

    def fault(self) -> Fault | None:
        """The error, if it is one."""
        if self.object == "error":
            return self
        if isinstance(self.error, dict):
            return Fault.model_validate(self.error)
        return Fault(message=_text(self.error)) if self.error else None


class Model(Words):
    id: str
    owned_by: Text = ""


class Models(Words):
    """The answer of `/v1/models`: none while an engine behind it loads."""

    data: tuple[Model, ...]


class Version(Words):
    """The answer of `/version`."""

    version: str = ""


Refuse = Callable[[str, str], ModelUnavailable]


class Reading:
    """One answer while it comes in. `refuse` says what an error means, by its code and message. `began_s` and the other
    times are the event loop's, in seconds; `begun` is called with the first token."""

    def __init__(
        self, model: str, endpoint: str, refuse: Refuse, began_s: float, begun: Callable[[], None] | None = None
    ) -> None:
        self._model, self._endpoint, self._refuse, self._began_s = model, endpoint, refuse, began_s
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
            raise self._refuse(fault.code, f"{fault.message} {fault.param}".strip())
        if event.usage is not None and event.usage.prompt_tokens is not None:
            self._usage = event.usage
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
