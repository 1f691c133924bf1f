"""Requests of OpenAI's API: the body that asks for a call, and the headers beside it; pure."""

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from clients.calls import Call, Class
from clients.dialects.sent_fields import SentFields
from clients.dialects.servers import Api, Guide, Server
from clients.dialects.thinking import switched_off

MOST_CHOICES = 20
"""Log-probabilities that are asked for: no API gives those of more tokens."""

EXTRA_FIELDS = ("timing", "worker_id")
"""What Dynamo is asked to tell of each call."""

_UNSENDABLE = re.compile("[^ -~]")
"""What no header holds: an id may have a shopper's or a product's in it, which may be any text."""

_PROMPT = b"\0"
"""Where the prompt comes: a byte that JSON never has."""

_LOG_PROBABILITIES: Mapping[Api, Mapping[str, Any]] = {
    "chat": {"logprobs": True, "top_logprobs": MOST_CHOICES},
    "completions": {"logprobs": MOST_CHOICES},
}


def body(call: Call, model: str, api: Api, server: Server, sent: SentFields, salt: str = "") -> bytes:
    """The request that asks for `call` as a stream; with a `salt` only calls with the same share its KV blocks."""
    answer = Wanted(
        call.max_tokens, call.temperature, call.seed, tuple(call.stop), call.json_schema, bool(call.choices),
        call.traffic_class, call.answer_tokens if server.extensions else 0,
    )  # fmt: skip
    before, after = _around(answer, model, api, server, sent, salt)
    return before + orjson.dumps(_content(call) if api == "chat" else call.prompt) + after


class Wanted(NamedTuple):
    """What a request says of the answer, as Call has it: the same for nearly all calls. `choices`: there are some."""

    max_tokens: int
    temperature: float
    seed: int
    stop: tuple[str, ...]
    json_schema: str | None
    choices: bool
    traffic_class: Class
    answer_tokens: int


@lru_cache(maxsize=4_096)  # as many as schemas are remembered: there is one for each count of categories and brands
def _around(wanted: Wanted, model: str, api: Api, server: Server, sent: SentFields, salt: str) -> tuple[bytes, bytes]:
    """What stands before and after the prompt."""
    prompt = orjson.Fragment(_PROMPT)
    asked = {"messages": [{"role": "user", "content": prompt}]} if api == "chat" else {"prompt": prompt}
    longest = "max_tokens" if sent.sends("max_tokens") else "max_completion_tokens"
    fields: dict[str, Any] = {"model": model, **asked, longest: wanted.max_tokens, "stream": True}
    plain = {"temperature": wanted.temperature, "seed": wanted.seed, "stream_options": {"include_usage": True}}
    fields |= {name: value for name, value in plain.items() if name not in sent.without}
    guided = wanted.json_schema is not None and sent.guide is not None
    stop = [word for word in wanted.stop if word.strip() or not (guided and server.spaces_guided)]
    if stop and sent.sends("stop"):
        fields["stop"] = stop
    if wanted.json_schema is not None and sent.guide is not None:
        fields |= _guide(sent.guide, wanted.json_schema)
    if wanted.choices and sent.sends("logprobs"):
        fields |= _LOG_PROBABILITIES[api]
    if sent.sends("priority"):
        fields |= _priority(wanted, server)
    if salt and server.extensions:
        fields["nvext"] = fields.get("nvext", {}) | {"cache_salt": salt}
    elif salt:
        fields["cache_salt"] = salt
    if api == "chat" and server.template_variables and sent.sends("thinking") and (off := switched_off(model)):
        fields["chat_template_kwargs"] = off
    before, _, after = orjson.dumps(fields).partition(_PROMPT)
    return before, after


def without_stream(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request that is to be answered whole."""
    return {name: value for name, value in asked.items() if name not in ("stream", "stream_options")}


def headers(call: Call, server: Server, session_key: bytes) -> dict[str, str]:
    """The headers of one call: its id, its trace if it has one, and which calls share a shopper's KV blocks, by the
    server's own name for that.

    The latter is a hash of shopper and prompt version that nobody can undo without the key; without a key none is sent.
    """
    found = {"X-Request-Id": _UNSENDABLE.sub("?", call.id), **call.trace_headers()}
    if call.shopper and session_key and server.session_header:
        found[server.session_header] = session(call.shopper, call.prompt_version, session_key)
    return found


def session(shopper: str, prompt_version: str, session_key: bytes) -> str:
    """32 hexadecimal digits. Another version of the prompt begins differently, and shares no KV blocks."""
    text = f"{prompt_version}\0{shopper}".encode(errors="surrogatepass")
    return blake2b(text, key=session_key, digest_size=16).hexdigest()


def cache_salt(session_key: bytes) -> str:
    """The salt of all calls with this key: 32 hexadecimal digits."""
    return blake2b(b"cache salt", key=session_key, digest_size=16).hexdigest()


@lru_cache(maxsize=64)
def is_strict(json_schema: str) -> bool:
    """Whether a schema is one by OpenAI's strict rules: all properties are required, and no others allowed."""
    return _strict(orjson.loads(json_schema))


def _strict(schema: Any) -> bool:
    if isinstance(schema, list):
        return all(map(_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        names = set(schema.get("properties", ()))
        if schema.get("additionalProperties") is not False or names != set(schema.get("required", ())):
            return False
    return all(map(_strict, schema.values()))


def _content(call: Call) -> str | list[dict[str, Any]]:
    """The prompt; with an image in parts, whose bytes stand in a data URL."""
    if call.image is None:
        return call.prompt
    url = f"data:{call.image.media_type};base64,{b64encode(call.image.data).decode()}"
    return [{"type": "text", "text": call.prompt}, {"type": "image_url", "image_url": {"url": url}}]


def _priority(wanted: Wanted, server: Server) -> Mapping[str, Any]:
    """The fields of the class of calls; where there are extensions, with what else a router takes and tells."""
    found = server.priority.get(wanted.traffic_class, {})
    if not server.extensions:
        return found
    hints = {**found, **({"osl": wanted.answer_tokens} if wanted.answer_tokens else {})}
    return {"nvext": {"extra_fields": EXTRA_FIELDS, **({"agent_hints": hints} if hints else {})}}


def _guide(guide: Guide, json_schema: str) -> dict[str, Any]:
    schema = orjson.Fragment(json_schema)
    if guide == "json_object":
        return {"response_format": {"type": "json_object"}}
    if guide in {"guided_json", "json_schema"}:
        return {guide: schema}
    if guide == "json":
        return {"response_format": {"type": "json", "schema": schema}}
    strict = {"strict": True} if is_strict(json_schema) else {}
    named = {"name": "answer", **strict, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}
