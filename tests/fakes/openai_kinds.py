"""How each OpenAI-compatible server behaves, written down from its own sources and not from the client's table.

Sources: tensorrt_llm/serve/openai_protocol.py; vLLM's protocol.py and input processor; SGLang's protocol.py, scheduler
and issue #9812 of can1357/oh-my-pi; docs.nvidia.com/dynamo (request rejection, agent hints) and its common_ext.rs;
docs.litellm.ai (health checks); triton-inference-server/server, python/openai; llama.cpp's server of xllamacpp
2026.10.11549, which queues without a bound, so its refusal is a proxy's.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]
Urgency = float

SAMPLING = {"max_tokens", "temperature", "seed", "stop", "response_format"}
OPENAI = frozenset({"model", "messages", "prompt", "stream", "stream_options"} | SAMPLING)


class Refused(Exception):
    """The server answers with an error instead; inside a 200 stream where `streamed`, with an empty body where
    `bare`."""

    def __init__(self, status: int, message: str, *, streamed: bool = False, bare: bool = False) -> None:
        self.status, self.message, self.streamed, self.bare = status, message, streamed, bare
        super().__init__(message)


def _alike(_: Body) -> Urgency:
    return 0


@dataclass(frozen=True, slots=True)
class Kind:
    """`urgency` is what the server makes of the priority (larger goes first), `without` what it does with one when it
    was started without priorities, `guide` the schema that it applies, `overload` its refusal when full. `known`
    fields are all that it takes, where it is strict."""

    owner: str
    guide: Callable[[Body], Any]
    overload: Refused
    urgency: Callable[[Body], Urgency] = _alike
    without: Callable[[Body], Urgency] = _alike
    known: frozenset[str] | None = None
    health: str = "/health"
    version: str = ""
    tells_cached: bool = True
    tells_zero_cached: bool = True


def _trtllm_urgency(body: Body) -> Urgency:
    priority = body.get("priority", 0.5)
    if not 0 <= priority <= 1:
        raise Refused(400, "priority: Input should be less than or equal to 1")
    return float(priority)


def _vllm_urgency(body: Body) -> Urgency:
    return -float(body.get("priority", 0))


def _vllm_without(body: Body) -> Urgency:
    if priority := body.get("priority", 0):
        raise Refused(400, f"Got priority {priority} but Priority scheduling is not enabled.")
    return 0


def _sglang_urgency(body: Body) -> Urgency:
    return float(body.get("priority", -sys.maxsize - 1))


def _sglang_without(body: Body) -> Urgency:
    """As with --abort-on-priority-when-disabled; without that flag it says nothing."""
    if "priority" in body:
        why = "Using priority is disabled for this server. Please send a new request without a priority."
        raise Refused(503, why, streamed=True)
    return 0


def _dynamo_urgency(body: Body) -> Urgency:
    return float(body.get("nvext", {}).get("agent_hints", {}).get("priority", 0))


def _response_format(body: Body) -> Any:
    wanted = body.get("response_format", {})
    return wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else None


def _trtllm_guide(body: Body) -> Any:
    """Before it learned to take the wrapper off, the older way: `json_schema` is the schema itself."""
    wanted = body.get("response_format", {})
    return wanted.get({"json": "schema", "json_schema": "json_schema"}.get(wanted.get("type"), ""))


KINDS: Mapping[str, Kind] = {
    "other": Kind("", _response_format, Refused(429, "Rate limit reached")),
    "trtllm-serve": Kind(
        "tensorrt_llm",
        _trtllm_guide,
        Refused(503, "too many requests"),
        _trtllm_urgency,
        known=OPENAI | {"priority"},
        version="1.2.0",
    ),
    "vllm": Kind(
        "vllm",
        _response_format,
        Refused(503, "The number of queued requests reached its limit"),
        _vllm_urgency,
        _vllm_without,
        version="0.14.0",
        tells_zero_cached=False,
    ),
    "sglang": Kind(
        "sglang",
        _response_format,
        Refused(503, "The request queue is full.", streamed=True),
        _sglang_urgency,
        _sglang_without,
        tells_zero_cached=False,
    ),
    "dynamo": Kind(
        "nvidia",
        lambda body: body.get("guided_json"),
        Refused(529, "Overloaded"),
        _dynamo_urgency,
        known=OPENAI | {"nvext", "guided_json", "chat_template_kwargs"},
    ),
    "triton-openai": Kind(
        "Triton Inference Server",
        lambda _: None,
        Refused(500, "[request id: <id_unknown>] Exceeds maximum queue size"),
        health="/health/ready",
        tells_cached=False,
    ),
    "llamacpp": Kind("llamacpp", lambda body: body.get("json_schema"), Refused(429, "Too many requests")),
    "litellm": Kind("openai", _response_format, Refused(429, "No deployments available"), health="/health/readiness"),
}
