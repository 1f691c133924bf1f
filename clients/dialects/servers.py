"""OpenAI-compatible servers: how each differs from the others, as data. What to set on each: docs/models.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from clients.calls import Class

Dialect = Literal["auto", "triton", "triton-http", "openai", "openai-completions"]
Api = Literal["chat", "completions"]
ServerName = Literal["trtllm-serve", "vllm", "sglang", "dynamo", "triton-openai", "litellm", "llamacpp", "other"]
Guide = Literal["response_format", "json", "json_schema", "guided_json", "json_object"]


@dataclass(frozen=True, slots=True, eq=False)  # each is there once
class Server:
    """One kind of server.

    `owner` is what it lists as `owned_by`. `priority` holds the fields to add by class, in the server's own
    polarity: live needs none where the server's default is already ahead of replay's and batch's. `guide` is
    how it takes a JSON schema; None where it ignores one. `overloaded` are the statuses, `overload_words` the texts of
    any other status, by which it asks for less. `health` answers 200 only while its engine lives, at no
    cost; None where that is not known, for a gateway may call every model then. `version` says which it is. `cancels`
    says whether it ends a call whose connection closes. `session_header` is the header by which it, or the router that
    is used before it, keeps calls together. `template_variables`: it hands `chat_template_kwargs` to the chat template.
    `extensions`: it takes `nvext`, where the fields of `priority` are hints, and tells there how long a call waited.
    `salts`: it takes `cache_salt`, and lets only calls of one salt reuse each other's KV cache blocks.
    `spaces_guided`: a schema lets it put whitespace between all parts, within bounds: stop words of whitespace would
    end an answer in its midst.
    """

    title: str
    owner: str
    priority: Mapping[Class, Mapping[str, Any]] = field(default_factory=dict)
    guide: Guide | None = "response_format"
    overloaded: frozenset[str] = frozenset({"429", "503", "529"})
    overload_words: tuple[str, ...] = ()
    health: str | None = "/health"
    version: str | None = None
    cancels: bool = True
    session_header: str | None = "X-Session-Id"
    template_variables: bool = False
    extensions: bool = False
    salts: bool = False
    spaces_guided: bool = False


SERVERS: Mapping[ServerName, Server] = MappingProxyType(
    {
        "trtllm-serve": Server(
            title="trtllm-serve",
            owner="tensorrt_llm",
            # 0 to 1, higher first, 0.5 without; heeded with waiting_queue_policy=priority.
            priority={"realtime": {"priority": 0.75}, "replay": {"priority": 0.25}, "batch": {"priority": 0.0}},
            guide="json",  # its `json_schema` reached the engine with the wrapper around it in older versions
            version="/version",
            salts=True,
        ),
        "vllm": Server(
            title="vLLM",
            owner="vllm",
            # Lower first, 0 without; another one is refused by many versions without --scheduling-policy priority.
            priority={"realtime": {"priority": -1}, "replay": {"priority": 1}, "batch": {"priority": 2}},
            version="/version",
            template_variables=True,
            salts=True,
        ),
        "sglang": Server(
            title="SGLang",
            owner="sglang",
            # Higher first, and without one a call is the very last. Ten apart it would cut off what runs.
            priority={
                "realtime": {"priority": 3},
                "live": {"priority": 2},
                "replay": {"priority": 1},
                "batch": {"priority": 0},
            },
            session_header="X-SMG-Routing-Key",  # that of its model gateway
            template_variables=True,
        ),
        "dynamo": Server(
            title="Dynamo",
            owner="nvidia",
            # Higher first, 0 without; turned into what its engine understands. Its router heeds the strict one.
            priority={
                "realtime": {"priority": 3, "strict_priority": 3},
                "live": {"priority": 2, "strict_priority": 2},
                "replay": {"priority": 1, "strict_priority": 1},
            },
            extensions=True,
            salts=True,
            guide="guided_json",  # which it takes on both paths
            # 503 says that nobody serves the model; older versions (1.2) said it of busy workers too.
            overloaded=frozenset({"429", "529"}),
            overload_words=("busy", "overloaded"),
            session_header="X-Dynamo-Session-ID",
            template_variables=True,
        ),
        "triton-openai": Server(
            title="Triton's OpenAI frontend",
            owner="Triton Inference Server",
            guide=None,
            overload_words=("maximum queue size", "request timeout expired"),
            health="/health/ready",
            cancels=False,
            session_header=None,
        ),
        "litellm": Server(
            title="LiteLLM",
            owner="",  # it lists every model as OpenAI's
            health="/health/readiness",  # its /health calls every model behind it
            session_header="X-LiteLLM-Session-Id",
        ),
        "llamacpp": Server(
            title="llama.cpp",
            owner="llamacpp",
            guide="json_schema",  # on both paths; `response_format` is ignored by /completions
            overloaded=frozenset({"429"}),  # its 503 says that the model is still loading
            session_header=None,
            template_variables=True,
            spaces_guided=True,
        ),
        "other": Server(title="OpenAI-compatible server", owner="", health=None),
    }
)
"""By the name that settings use. `other` is what all have in common."""


def owned_by(owner: str) -> ServerName | None:
    """Which server lists its models as owned by `owner`; None when it is none that we know."""
    known: dict[str, ServerName] = {each.owner.lower(): name for name, each in SERVERS.items() if each.owner}
    return known.get(owner.lower())
