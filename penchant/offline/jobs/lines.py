"""Lines of OpenAI's batch format: a request read, and what became of it written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from clients.calls import Call, Completion

URLS = ("/v1/chat/completions", "/v1/completions")
LONGEST_LINE = 4 * 2**20
DEFAULT_TOKENS = 1_024
"""Of an answer, where a request does not say how long it may be."""

REFUSED, FAILED, EXPIRED = "request_refused", "server_error", "batch_expired"
"""Codes of errors: of a request that is wrong, of one at which the servers fail, and of one that was not made in time
(OpenAI's own word)."""

MOST_TOKENS, SEEDS, HOTTEST = 2**31 - 1, 2**63, 100.0
"""What fits into tensors: the longest answer, how many seeds there are, and the highest temperature."""


class LineWrong(ValueError):
    """A line is no request; the text says why, and names the field."""


@dataclass(frozen=True, slots=True)
class Request:
    """A line. `key` is that of all that the line says: another text is another request."""

    custom_id: str
    url: str
    body: Mapping[str, Any]
    key: str

    def call(self) -> Call:
        """The call that it asks for, without a deadline. Its class is that of all jobs. Servers that take prompts alone
        get numbers within what their tensors hold; the others get the body as it is."""
        body = self.body
        return Call(
            f"job-{self.key}", _prompt(body), 0.0, min(_length(body), MOST_TOKENS), traffic_class="batch",
            temperature=min(max(_number(body, "temperature", 1.0), 0.0), HOTTEST),
            seed=int(_number(body, "seed", 0)) % SEEDS, request=body,
        )  # fmt: skip


def request(line: bytes) -> Request:
    """The request of a line. Raises LineWrong."""
    if len(line) > LONGEST_LINE:
        raise LineWrong(f"the line has more than {LONGEST_LINE:,} bytes")
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as exc:
        raise LineWrong(f"no JSON: {exc}") from exc
    if not isinstance(said, dict):
        raise LineWrong("no object")
    custom_id, url, body = said.get("custom_id"), said.get("url"), said.get("body")
    if not isinstance(custom_id, str) or not 1 <= len(custom_id) <= 512:
        raise LineWrong("custom_id: a text of 1 to 512 characters is wanted")
    if said.get("method") != "POST":
        raise LineWrong("method: only POST is served")
    if url not in URLS:
        raise LineWrong(f"url: only {' and '.join(URLS)} are served")
    if not isinstance(body, dict):
        raise LineWrong("body: an object is wanted")
    asks = "messages" if url == URLS[0] else "prompt"
    if not isinstance(body.get(asks), list if asks == "messages" else str) or not body[asks]:
        raise LineWrong(f"body.{asks}: {'a list of messages' if asks == 'messages' else 'a text'} is wanted")
    try:
        whole = orjson.dumps([custom_id, url, body])
    except TypeError as exc:  # orjson reads deeper than it writes
        raise LineWrong("body: it is nested too deep") from exc
    return Request(custom_id, url, body, blake2b(whole, digest_size=16).hexdigest())


def answered(asked: Request, done: Completion) -> dict[str, Any]:
    """The response of an output line: as the server gave it; else put together of what it told."""
    body = orjson.loads(done.body) if done.body is not None else _answer(asked, done)
    return {"status_code": 200, "request_id": asked.key, "body": body}


def output_line(
    custom_id: str, key: str, response: Mapping[str, Any] | None, error: str | None, code: str = REFUSED
) -> dict[str, Any]:
    """A line of an output file, or with an error of an error file."""
    wrong = None if error is None else {"code": code, "message": error}
    return {"id": f"batch_req_{key}", "custom_id": custom_id, "response": response, "error": wrong}


def needs_passing_on(asked: Request) -> bool:
    """Whether a server that takes prompts alone would answer something else than was asked."""
    messages = asked.body.get("messages")
    known = {"model", "messages", "prompt", "max_tokens", "max_completion_tokens", "temperature", "seed"}
    plain = messages is None or (
        len(messages) == 1 and isinstance(messages[0], dict) and _text(messages[0]) is not None
    )
    return not plain or bool(asked.body.keys() - known)


def _prompt(body: Mapping[str, Any]) -> str:
    if isinstance(body.get("prompt"), str):
        return str(body["prompt"])
    texts = [_text(message) if isinstance(message, dict) else None for message in body["messages"]]
    return "\n\n".join(text for text in texts if text)


def _text(message: Mapping[str, Any]) -> str | None:
    content = message.get("content")
    return content if isinstance(content, str) else None


def _length(body: Mapping[str, Any]) -> int:
    for name in ("max_completion_tokens", "max_tokens"):
        if isinstance(value := body.get(name), int) and value > 0:
            return value
    return DEFAULT_TOKENS


def _number(body: Mapping[str, Any], name: str, usual: float) -> float:
    value = body.get(name)
    return float(value) if isinstance(value, int | float) else usual


def _answer(asked: Request, done: Completion) -> dict[str, Any]:
    is_chat = asked.url == URLS[0]
    said = {"message": {"role": "assistant", "content": done.text}} if is_chat else {"text": done.text}
    choice = {"index": 0, **said, "finish_reason": done.finish_reason or "stop"}
    given, made = done.input_tokens or 0, done.output_tokens or 0
    return {
        "id": asked.key,
        "object": "chat.completion" if is_chat else "text_completion",
        "model": done.model,
        "choices": [choice],
        "usage": {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made},
    }
