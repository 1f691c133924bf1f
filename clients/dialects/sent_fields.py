"""Sent fields: what of a request a server can be asked without, and how it is left off; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, get_args

import orjson

from clients.dialects.servers import Guide

Guided = Literal["auto", "json_schema", "json_object", "off"]
OptionalField = Literal[
    "guide", "priority", "thinking", "stream_options", "seed", "stop", "temperature", "max_tokens", "logprobs"
]  # fmt: skip

LOST: Mapping[OptionalField, str] = MappingProxyType(
    {
        "guide": "answers are held to less, and by the prompt's own words",
        "priority": "calls of every class are sent alike",
        "thinking": "a model that thinks by default does, which costs time and tokens",
        "stream_options": "the tokens of a streamed answer stay unknown",
        "seed": "the same prompt may be answered differently",
        "stop": "an answer that goes on ends at its longest",
        "temperature": "the server's own temperature holds",
        "max_tokens": "max_completion_tokens is sent in its place",
        "logprobs": "matches stay in the order of their features",
    }
)
"""What the lack of each means, for the log."""

_NAMES: Mapping[OptionalField, tuple[str, ...]] = MappingProxyType(
    {
        "guide": ("response_format", "json_schema", "json_object", "guided_json", "structured_outputs"),
        "priority": ("priority", "nvext", "agent_hints"),
        "thinking": ("chat_template_kwargs", "enable_thinking"),
        "logprobs": ("top_logprobs", "logprobs"),
        **{field: (field,) for field in ("stream_options", "seed", "stop", "temperature", "max_tokens")},
    }
)
_GUIDE_WORDS = re.compile(r"grammar|guided|structured.?output|response.?format|json.?(schema|object|mode)|outlines")
_REFUSED_CODE = re.compile(r"^(unsupported|unknown|invalid)_(parameter|value|request)")
_REFUSING = re.compile(
    r"support|permit|allow|unknown|unrecogni[sz]ed|unexpected|extra|invalid|not enabled|disabled|forbidden|drop_params"
)


@dataclass(frozen=True, slots=True)
class SentFields:
    """What is sent of the fields that a request can do without. `guide` is how a schema is sent, None not at all;
    `falls_back` says whether less is tried when the server refuses it; `without` are left off."""

    guide: Guide | None
    falls_back: bool = True
    without: frozenset[OptionalField] = frozenset()

    def sends(self, field: OptionalField) -> bool:
        """Whether a request may have the field."""
        if field == "guide":
            return self.guide is not None and self.falls_back
        return field not in self.without

    def less(self, field: OptionalField) -> "SentFields":
        """The same without the field; of guidance first without the schema, then without any."""
        if field != "guide":
            return replace(self, without=self.without | {field})
        return replace(self, guide=None if self.guide == "json_object" else "json_object")

    def common(self, other: "SentFields") -> "SentFields":
        """What both send."""
        guides = (self.guide, other.guide)
        lesser = None if None in guides else "json_object" if "json_object" in guides else self.guide
        return replace(self, guide=lesser, without=self.without | other.without)

    def left_off(self, more: "SentFields") -> tuple[OptionalField, ...]:
        """The fields of which this sends less than `more` does."""
        guide: tuple[OptionalField, ...] = ("guide",) if self.guide != more.guide else ()
        return (*guide, *sorted(self.without - more.without))


def sent_fields(guide: Guide | None, guided: Guided) -> SentFields:
    """What is sent at first to a server that takes a schema as `guide`."""
    if guided == "off":
        return SentFields(None)
    if guided == "json_object":
        return SentFields("json_object", falls_back=False)
    if guided == "json_schema":
        return SentFields(guide or "response_format", falls_back=False)
    return SentFields(guide)


def named_fields(status: int | str | None, text: str) -> tuple[OptionalField, ...]:
    """The fields that a refusal may mean, the likeliest first; none where it is about something else."""
    words = text.lower()
    if "priority is disabled" in words:  # SGLang says it by 503, in a stream
        return ("priority",)
    if str(status) in ("400", "422") or _REFUSED_CODE.search(str(status)):
        if fields := _located(text):
            return fields
        return tuple(sorted(filter(lambda field: _named(field, words), get_args(OptionalField)), key=lambda field: (
            not _quoted(field, words)
        )))  # fmt: skip
    failed = str(status).startswith("5") and str(status) not in ("503", "529")
    return ("guide",) if failed and _GUIDE_WORDS.search(words) else ()


def _located(text: str) -> tuple[OptionalField, ...]:
    """The fields at which an error points: OpenAI's `param`, or the `loc` of FastAPI's details."""
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ()
    if not isinstance(said, dict):
        return ()
    error, details = said.get("error", said), said.get("detail")
    at = [error.get("param")] if isinstance(error, dict) else []
    at += [detail.get("loc") for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    words = orjson.dumps(at).decode().lower()
    return tuple(field for field in get_args(OptionalField) if _quoted(field, words))


def _named(field: OptionalField, words: str) -> bool:
    if field == "guide" and _GUIDE_WORDS.search(words):
        return True
    named = any(re.search(rf"(?<![a-z_]){name}(?![a-z_])", words) for name in _NAMES[field])
    return named and (_quoted(field, words) or _REFUSING.search(words) is not None or field == "priority")


def _quoted(field: OptionalField, words: str) -> bool:
    return any(re.search(rf"[\"'`]{name}[\"'`]", words) for name in _NAMES[field])


def description(what: str, lacks: Sequence[str]) -> str:
    """One line: what was found, and what it lacks of what we could use."""
    return f"{what} (without {' and '.join(lacks)})" if lacks else what
