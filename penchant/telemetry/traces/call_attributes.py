"""Call attributes: what the span of a call says, by OpenTelemetry's GenAI names where there is one. Pure."""

from collections.abc import Mapping

import orjson

from clients.calls import Call, Completion

Attributes = dict[str, str | int | float]


def call_attributes(call: Call) -> Attributes:
    """What is asked; nothing of the prompt. A call's id that names its shopper is left out."""
    named: Attributes = {} if call.shopper and call.shopper in call.id else {"penchant.call.id": call.id}
    return named | {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.max_tokens": call.max_tokens,
        "gen_ai.request.temperature": call.temperature,
        "gen_ai.request.seed": call.seed,
        "penchant.prompt.version": call.prompt_version,
    }


def answer_attributes(completion: Completion) -> Mapping[str, str | int | float | list[str]]:
    """What the server told of its answer; nothing of the answer itself."""
    finished = completion.finish_reason
    told: Mapping[str, str | int | float | list[str] | None] = {
        "gen_ai.response.model": completion.model,
        "gen_ai.response.finish_reasons": [finished] if finished else None,
        "gen_ai.usage.input_tokens": completion.input_tokens,
        "gen_ai.usage.output_tokens": completion.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": completion.cached_tokens,
        "server.address": completion.endpoint,
        "penchant.replica": completion.replica,
        "penchant.kv_hit_rate": completion.kv_hit_rate,
        "penchant.router_queue": completion.router_queue,
        "penchant.queue_ms": completion.queue_ms,
        "penchant.prefill_ms": completion.prefill_ms,
        "penchant.decode_ms": completion.decode_ms,
    }
    return {name: value for name, value in told.items() if value is not None}


def prompt_text(call: Call) -> Attributes:
    """The prompt itself: personal data."""
    return {"gen_ai.input.messages": orjson.dumps([_message("user", call.prompt)]).decode()}


def answer_text(completion: Completion) -> Attributes:
    """The answer itself: personal data."""
    said = _message("assistant", completion.text) | {"finish_reason": completion.finish_reason or "stop"}
    return {"gen_ai.output.messages": orjson.dumps([said]).decode()}


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}
