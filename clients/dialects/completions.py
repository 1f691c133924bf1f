"""The words of `/v1/chat/completions` and `/v1/completions`: answers put together from events; pure."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import from_json

from clients.calls import GIVEN_UP, Completion
from clients.dialects import extensions
from clients.dialects.lines import OddWords
from clients.dialects.log_probabilities import first_token
from clients.dialects.servers import Api
from clients.dialects.token_events import token_events
from streams.errors import ModelUnavailable, PromptTooLong

DONE = b"[DONE]"
"""The last payload of a stream."""

PATHS: dict[Api, str] = {"chat": "/chat/completions", "completions": "/completions"}


def _count(value: object) -> int | None:
    """A number of tokens; None for what is none, as gateways send that make one up."""
    if type(value) is int:
        return value if value >= 0 else None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return int(value) if value >= 0 else None


def _content(value: object) -> str | None:
    """The text of a message, which may come in parts; those of other kinds, as thoughts, are left out."""
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else [value]
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else part for part in parts]
    return "".join(text for text in texts if isinstance(text, str)) or None


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value, default=str).decode()


Text = Annotated[str, BeforeValidator(_text)]


class Words(BaseModel):
    """Something that a server says; what we do not know is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Model(Words):
    id: str
    owned_by: Text = ""


class Models(Words):
    """The answer of `/v1/models`: none while an engine behind it loads."""

    data: tuple[Model, ...]


class Version(Words):
    """The answer of `/version`."""

    version: str = ""


Refuse = Callable[[str, str], ModelUnavailable | PromptTooLong]
"""What an error means, by its code and message."""


class Reading:
    """One answer while it comes in. `refuse` says what an error means, by its code and message. `began_s` and the other
    times are the event loop's, in seconds; `begun` is called with the first token. `chooses`: the log-probabilities of
    the first token are wanted.

    Events are not read by pydantic, as there is one for every token: they took a third of a call's client.
    """

    def __init__(
        self,
        model: str,
        endpoint: str,
        refuse: Refuse,
        began_s: float,
        begun: Callable[[], None] | None = None,
        *,
        chooses: bool = False,
    ) -> None:
        self._model, self._endpoint, self._refuse, self._began_s = model, endpoint, refuse, began_s
        self._begun, self._chooses = begun, chooses
        self._log_probabilities: dict[str, float] | None = None
        self._first_s: float | None = None
        self._last_s = began_s
        self._texts: list[str] = []
        self._usage: dict[str, Any] = {}
        self._extra: dict[str, Any] = {}
        self._finish: str | None = None
        self._ended = False

    def absorb_all(self, payloads: Sequence[bytes], now_s: float) -> None:
        """Take in the events that came together; raises what `absorb` does."""
        done = bool(payloads) and payloads[-1] == DONE
        events = None if self._chooses else token_events(payloads[:-1] if done else payloads)
        if events is None:
            for payload in payloads:
                self.absorb(payload, now_s)
            return
        texts: list[str] = []
        for event in events:
            if event.usage is not None:
                self._note_usage(event.usage)
            for choice in event.choices:
                if text := choice.text or (choice.delta.content if choice.delta is not None else None):
                    texts.append(text)
                self._finish = choice.finish_reason or self._finish
        self._take(texts, now_s)
        self._ended |= done or bool(self._finish)

    def absorb(self, payload: bytes, now_s: float) -> None:
        """Take in one event; ModelOverloaded or ModelUnavailable when it is an error, OddWords when it is no completion
        event."""
        if payload == DONE:
            self._ended = True
            return
        event = _object(payload)
        if event.get("error") or event.get("object") == "error":
            raise self._refuse(*_fault(event))
        if isinstance(usage := event.get("usage"), dict):
            self._note_usage(usage)
        extra = event.get("nvext")
        if isinstance(extra, dict):
            self._extra |= extra
        for choice in _choices(event):
            self._choose(choice, now_s)

    def completion(self) -> Completion:
        """The whole answer; ModelUnavailable when the server did not end it, or gave it up."""
        if not self._ended:
            raise ModelUnavailable(f"{self._endpoint}: the answer broke off")
        if self._finish in GIVEN_UP:
            raise ModelUnavailable(f"{self._endpoint}: the server gave the answer up: {self._finish}")
        first_s, usage, details = self._first_s, self._usage, self._usage.get("prompt_tokens_details")
        figures = extensions.server_figures(self._extra)
        first_ms = None if first_s is None else max((first_s - self._began_s) * 1e3 - (figures.queue_ms or 0.0), 0.0)
        return Completion(
            text="".join(self._texts),
            model=self._model,
            endpoint=self._endpoint,
            input_tokens=_count(usage.get("prompt_tokens")),
            output_tokens=_count(usage.get("completion_tokens")),
            cached_tokens=_count(details.get("cached_tokens")) if isinstance(details, dict) else None,
            queue_ms=figures.queue_ms,
            prefill_ms=first_ms,
            decode_ms=None if first_s is None else (self._last_s - first_s) * 1e3,
            finish_reason=self._finish,
            log_probabilities=self._log_probabilities,
            worker=figures.worker,
            kv_hit_rate=figures.kv_hit_rate,
            router_queue=figures.router_queue,
        )

    def _choose(self, choice: dict[str, Any], now_s: float) -> None:
        """`delta` in a chat's stream, `message` in its whole answer, `text` in both of a completion."""
        finish, message, text = choice.get("finish_reason"), choice.get("message"), choice.get("text")
        said = choice.get("delta") or message
        if not (
            (finish is None or isinstance(finish, str))
            and (text is None or isinstance(text, str))
            and (said is None or isinstance(said, dict))
        ):
            raise OddWords(f"a choice of another form: {choice!r:.200}")
        self._finish = finish or self._finish
        self._ended |= bool(finish or message)
        if self._chooses and self._log_probabilities is None:
            self._log_probabilities = first_token(choice.get("logprobs"))
        if text := text or (_content(said.get("content")) if said else None):
            self._take([text], now_s)

    def _note_usage(self, usage: dict[str, Any]) -> None:
        if _count(usage.get("prompt_tokens")) is not None:
            self._usage = usage

    def _take(self, texts: list[str], now_s: float) -> None:
        """These came next: no text is no token yet, as in the first event of most servers, which has only the role."""
        if not texts:
            return
        if self._begun is not None and not self._texts:
            self._begun()
        self._texts += texts
        self._first_s = now_s if self._first_s is None else self._first_s
        self._last_s = now_s


def _object(payload: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        event = _lenient(payload)
    if not isinstance(event, dict):
        raise OddWords(f"no object: {payload[:200]!r}")
    return event


def _lenient(payload: bytes) -> Any:
    """JSON as Python has it, with NaN and Infinity, which some gateways write."""
    try:
        return from_json(payload, allow_inf_nan=True)
    except ValueError as error:
        raise OddWords(str(error)) from error


def _fault(event: dict[str, Any]) -> tuple[str, str]:
    """Code and message of an error: under `error`, or the whole object with `object: error`."""
    error = event if event.get("object") == "error" else event["error"]
    if not isinstance(error, dict):
        return "", _text(error)
    return _text(error.get("code")), f"{_text(error.get('message'))} {_text(error.get('param'))}".strip()


def _choices(event: dict[str, Any]) -> list[dict[str, Any]]:
    choices = event.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise OddWords(f"choices of another form: {choices!r:.200}")
    return choices
