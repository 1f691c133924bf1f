"""What goes to a model and what comes back, whatever the server's dialect."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

from msgspec import Struct
from pydantic import Field

from streams.section import Serial, Tokens, section, unit

Class = Literal["realtime", "live", "replay", "batch"]
"""Which calls go first, the earliest named before the others."""


Temperature = Annotated[float, Field(ge=0, le=2), unit("temperature")]


@section
class Sampling:
    """How the model is to answer."""

    max_tokens: Tokens = 200
    """The longest answer."""
    temperature: Temperature = 0.0
    """How freely the model chooses its words; 0 is the likeliest ones."""
    seed: Serial = 0
    """Where the model's own dice start."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that a call shows: its media type and bytes. `url` is where it came from, which no server is told."""

    url: str
    media_type: str = ""
    data: bytes = field(default=b"", repr=False)


class Call(Struct, frozen=True, gc=False):
    """One request. `deadline_s` is absolute, on the event loop's clock (`loop.time()`, seconds).

    Calls of one shopper and one version of the prompt share KV blocks. `begun` is called with the first token, by
    servers that stream. `choices` are words of one token, of which the first token is to be one: the log-probabilities
    of the likeliest first tokens are asked for, as far as the server gives any. `answer_tokens` is how long the answer
    will be, about; 0 where nobody knows. `traceparent` names the span that the server's own are to be below, as W3C's
    Trace Context writes it; empty for a call that is not traced. `tracestate` is what others' tracers say of it,
    handed on as it came. `request` has the fields of a request of OpenAI's API
    that somebody else wrote: a server of that API gets them as they are, and the others the prompt, which then stands
    for them as far as it can. `image` stands behind the prompt; only OpenAI's chat takes one.
    """

    id: str
    prompt: str
    deadline_s: float
    max_tokens: int
    shopper: str = ""
    traffic_class: Class = "live"
    temperature: float = 0.0
    seed: int = 0
    stop: Sequence[str] = ()
    json_schema: str | None = None
    prompt_version: str = ""
    choices: Sequence[str] = ()
    answer_tokens: int = 0
    traceparent: str = ""
    tracestate: str = ""
    request: Mapping[str, Any] | None = None
    image: Image | None = None
    begun: Callable[[], None] | None = None

    def trace_headers(self) -> dict[str, str]:
        """What tells a server of the trace, as headers of HTTP or metadata of gRPC."""
        if not self.traceparent:
            return {}
        return {"traceparent": self.traceparent} | ({"tracestate": self.tracestate} if self.tracestate else {})


GIVEN_UP = frozenset({"abort", "cancelled", "error", "timeout"})
"""Finish reasons of an answer that its server gave up: no answer at all (SGLang, vLLM, TensorRT-LLM)."""


class Completion(Struct, frozen=True, gc=False):
    """One answer. Times are milliseconds; None where the server does not tell. `finish_reason` is the server's word:
    `stop`, or `length` when the answer was cut at `max_tokens`. `log_probabilities` are those of the likeliest first
    tokens, of a call with choices; None where the server gives none. `worker` is which of the workers behind a router
    answered, `kv_hit_rate` the share of the prompt's blocks that this one was seen to hold, and `router_queue` how many
    calls waited in the router then; as far as it tells. `body` is the whole answer, as JSON, to a call with a request
    that went as it is. `trace_id` names the trace that the call is of, where it is sampled."""

    text: str
    model: str
    endpoint: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    queue_ms: float | None = None
    prefill_ms: float | None = None
    decode_ms: float | None = None
    finish_reason: str | None = None
    log_probabilities: Mapping[str, float] | None = None
    worker: str = ""
    kv_hit_rate: float | None = None
    router_queue: int | None = None
    body: bytes | None = None
    trace_id: str = ""

    @property
    def replica(self) -> str:
        """Which server answered, and which worker behind it."""
        return f"{self.endpoint} worker {self.worker}" if self.worker else self.endpoint


Ask = Callable[[Call], Awaitable[Completion]]
"""Makes a call. Raises what ModelClient.complete raises."""


class ModelClient(Protocol):
    """The port to a model server.

    `complete` raises ModelUnavailable, ModelOverloaded or DeadlinePassed, and CallRefused for an image that the server
    does not take; cancelling it cancels the call on the server. `probe` raises ContractMismatch when the server offers
    something else than expected, ModelUnavailable when it is away, and returns one line naming what it found.
    """

    async def complete(self, call: Call) -> Completion: ...

    async def probe(self) -> str: ...

    async def close(self) -> None: ...
