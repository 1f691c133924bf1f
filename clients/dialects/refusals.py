"""Refusals: what an error of an OpenAI-compatible server means to a call; pure."""

from clients.dialects.sent_fields import OptionalField, named_fields
from clients.dialects.servers import Server
from streams.errors import ModelOverloaded, ModelUnavailable, PromptTooLong

SHOWN = 300
"""How many characters of a server's message are shown."""

MISSING = "is the model there? `model.name` names it"


TOO_LONG = (
    "context length", "context size", "context_length", "context window", "maximum model length",
    "maximum input length", "max_input_len", "prompt length", "input length", "prompt is too long",
)  # fmt: skip
"""What servers say of a prompt that is longer than their model's context: llama.cpp, vLLM, SGLang, TensorRT-LLM."""


def too_long(message: str) -> bool:
    """Whether a complaint says that the prompt does not fit."""
    words = message.lower()
    return any(each in words for each in TOO_LONG)


class FieldRefused(ModelUnavailable):
    """The server does not take one of these `fields`, the likeliest first."""

    def __init__(self, message: str, fields: tuple[OptionalField, ...]) -> None:
        super().__init__(message)
        self.fields = fields


def refusal(
    server: Server, endpoint: str, code: int | str | None, message: str, retry_after_s: float | None = None
) -> ModelUnavailable | PromptTooLong:
    """What an error with this status or code means."""
    text, words = described(endpoint, code, message), message.lower()
    if fields := named_fields(code, message):
        return FieldRefused(text, fields)
    if str(code) in server.overloaded or any(each in words for each in server.overload_words):
        return ModelOverloaded(text, retry_after_s)
    if too_long(message):
        return PromptTooLong(text)
    return ModelUnavailable(text)


def described(endpoint: str, code: int | str | None, message: str) -> str:
    """An error in words for people, whether or not the server had any."""
    said = message.strip()[:SHOWN] or "an error without a word"
    return f"{endpoint}: {said}{'; ' + MISSING if str(code) == '404' else ''} ({code})"
