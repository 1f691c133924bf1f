"""Batch: calls and answers as lines of OpenAI's batch format, which many services and servers take. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson

from agents.products.understanding import Answered
from clients.calls import Call
from clients.dialects.requests import body
from clients.dialects.sent_fields import SentFields
from clients.dialects.servers import SERVERS

URL = "/v1/chat/completions"
_SERVER = SERVERS["other"]
_STREAMED = ("stream", "stream_options")


class LineRefused(ValueError):
    """A line is no answer; the text says why."""


def request(key: str, call: Call, model: str) -> bytes:
    """The line that asks for a call, with its key as `custom_id`."""
    fields = orjson.loads(body(call, model, "chat", _SERVER, SentFields(_SERVER.guide)))
    asked = {name: value for name, value in fields.items() if name not in _STREAMED}
    return orjson.dumps({"custom_id": key, "method": "POST", "url": URL, "body": asked}) + b"\n"


def answer(line: bytes) -> tuple[str, Answered]:
    """Key and answer of a line of an output or error file. Raises LineRefused."""
    try:
        told = orjson.loads(line)
        key = told["custom_id"]
        response = told.get("response") or {}
        if response.get("status_code") != 200:
            raise LineRefused(f"{key}: {_fault(told)}")
        said = response["body"]
        text = said["choices"][0]["message"]["content"]
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError) as exc:
        raise LineRefused(f"no line of a batch: {type(exc).__name__} {exc}") from exc
    if not isinstance(key, str) or not isinstance(text, str):
        raise LineRefused(f"{key}: there is no text")
    usage = said.get("usage") or {}
    return key, Answered(text, _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))


def _fault(told: Mapping[str, Any]) -> str:
    """What a service says of a request that failed."""
    response = told.get("response") or {}
    error = told.get("error") or response.get("body", {}).get("error") or {}
    return str(error.get("message") or error.get("code") or f"HTTP {response.get('status_code')}")[:200]


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value >= 0 else 0
