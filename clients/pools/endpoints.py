"""Endpoints: the servers there are, in pools, and what they cost."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from clients.calls import ModelClient
from clients.dialects.access import AUTHORIZATION, Access
from clients.dialects.channels import ENCRYPTED
from clients.dialects.sent_fields import Guided
from clients.dialects.servers import Dialect, ServerName
from streams import address
from streams.secret import Secret, by_one_way
from streams.section import File, Name, Token, Tokens, form, section, sendable, unit
from streams.tls import Tls

HTTP = ("http://", "https://")
Address = Annotated[
    str,
    Field(pattern=r"^\S+:\S+$"),
    AfterValidator(address.checked),
    form("[grpcs://]host:port for triton, http(s)://host:port for triton-http, http(s)://host:port/v1 for openai"),
]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,80}$"), form("letters, digits and hyphens")]
Amount = Annotated[float, Field(ge=0), unit("money")]


@section
class Price:
    """What an endpoint costs, in any one currency: by the hour or by the million tokens, or both."""

    per_hour: Amount = 0.0
    """What it costs by the hour, with all its GPUs."""
    per_million_input: Amount = 0.0
    """What a million tokens of prompt cost that are not cached."""
    per_million_cached: Amount = 0.0
    """What a million cached tokens of prompt cost."""
    per_million_output: Amount = 0.0
    """What a million tokens of answer cost."""

    def of_tokens(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
        """What tokens come to; the cached ones are part of those of the prompts."""
        uncached = max(input_tokens - cached_tokens, 0) * self.per_million_input
        return (uncached + cached_tokens * self.per_million_cached + output_tokens * self.per_million_output) / 1e6


@section
class Endpoint:
    """The server of the language model that says what a shopper is after."""

    dialect: Dialect = "auto"
    """What the server speaks: Triton's gRPC with the TensorRT-LLM tensors, its HTTP generate extension, or the OpenAI
    API, by chat completions or by completions. By auto it is found out: host:port and grpcs:// are gRPC,
    http(s):// is asked."""
    url: Address = "localhost:8001"
    """The server: its gRPC port (with grpcs:// for TLS), its HTTP port, or the base of its API. Where there are pools,
    it is not used."""
    name: Name | None = None
    """The model's name on the server; without it, the server is asked: Triton for ensemble, tensorrt_llm_bls or
    tensorrt_llm, the others for the first model that they list."""
    server: Literal["auto", ServerName] = "auto"
    """Which OpenAI-compatible server it is. By auto it says so itself, which one behind a gateway may not."""
    tokens_per_block: Tokens = 64
    """The size of the KV cache blocks behind Triton, which counts reused blocks and not cached tokens."""
    api_key: Token | None = None
    """Sent as a bearer token. Better in the environment or a file of its own."""
    api_key_file: File | None = None
    """A file that holds this key; it is read again when it has changed."""
    api_key_header: HeaderName = AUTHORIZATION
    """The header, or gRPC's metadata, that the key is sent in: under authorization as a bearer token, else alone."""
    tls: Tls = Tls()
    """What is trusted and shown; only for https:// and grpcs://."""
    guided: Guided = "auto"
    """How a server is to hold its answers: to our schema, to JSON of any form, or not at all. By auto the most that it
    takes, which is found out."""
    session_key: Token | None = None
    """The key of the hash by which a router knows the calls of one shopper, never by their id. By default it is made
    from redis.namespace; a key of your own is one that nobody can guess."""
    private_cache: bool = False
    """Whether calls with another session_key find none of our KV cache blocks, by a salt: on trtllm-serve, vLLM and
    Dynamo, where nobody can then learn from the time of an answer what our prompts hold."""
    images: bool = False
    """Whether the model sees images: those of products go along, where products.image_hosts has their hosts. Only with
    dialect openai."""
    weight: Annotated[float, Field(gt=0), unit("weight")] = 1.0
    """Its share of the shoppers, beside the others of its pool."""
    price: Price = Price()
    """What it costs: per_hour, with all its GPUs, or per_million_input, per_million_cached and per_million_output."""

    @field_validator("url")
    @classmethod
    def fits_dialect(cls, url: str, info: ValidationInfo) -> str:
        """The wrong kind of address would only fail at the first call."""
        dialect, http = info.data.get("dialect"), url.startswith(HTTP)
        if dialect in ("triton-http", "openai", "openai-completions") and not http:
            raise ValueError(f"the dialect is {dialect}: the address starts with http:// or https://")
        if dialect == "triton" and "://" in url and not url.startswith(ENCRYPTED):
            raise ValueError("the dialect is triton: the address is its gRPC port, as host:port or grpcs://host:port")
        if "://" in url and not (http or url.startswith(ENCRYPTED)):
            raise ValueError("the address is host:port, or starts with http://, https:// or grpcs://")
        if "?" in url or ("@" in url and not http):
            raise ValueError("a key goes into api_key, and no part of the address")
        return url

    @field_validator("private_cache")
    @classmethod
    def salts(cls, private: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 # as pydantic calls it
        """Triton takes no salt."""
        if private and (
            info.data.get("dialect") == "triton-http" or not info.data.get("url", "http://").startswith(HTTP)
        ):
            raise ValueError("Triton takes no salt: reach its engine by trtllm-serve or Dynamo, or set it to false")
        return private

    @field_validator("images")
    @classmethod
    def shows(cls, images: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 # as pydantic calls it
        """Other dialects would leave them out in silence."""
        if images and info.data.get("dialect", "openai") != "openai":
            raise ValueError("images are sent by the dialect openai alone: set dialect to it")
        return images

    _one_way = field_validator("api_key_file")(by_one_way)

    @property
    def access(self) -> Access:
        """What lets us in, for one client."""
        keyed = self.api_key is not None or self.api_key_file is not None
        key = Secret("model.api_key", self.api_key, self.api_key_file, sendable) if keyed else None
        return Access(key, self.api_key_header, self.tls)

    @property
    def address(self) -> str:
        """What people and hashes call it, and no other endpoint: its host and port."""
        return (self.url.partition("://")[2] or self.url).partition("/")[0].rpartition("@")[2]

    def same_server(self, other: "Endpoint") -> bool:
        """Whether one client serves both: weight and price may differ."""
        return _connection(self) == _connection(other)


@section
class Pool:
    """Servers that share their shoppers; a later pool serves those for whom an earlier one has no slot."""

    name: Name
    """What it is called in logs and metrics."""
    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    """Its servers."""
    long: bool = False
    """Whether texts of products go there whole, up to 100,000 tokens, and not in parts. One such prompt holds up all
    that the server does: it counts only where no intents are made there."""


Connect = Callable[[Endpoint], ModelClient]


def _connection(endpoint: Endpoint) -> tuple[object, ...]:
    key = endpoint.api_key, endpoint.api_key_file, endpoint.api_key_header, endpoint.tls
    how = endpoint.server, endpoint.tokens_per_block, endpoint.guided, endpoint.session_key, endpoint.private_cache
    return endpoint.url, endpoint.dialect, endpoint.name, key, *how
