"""Settings of the way to the model: the server, and what it is asked."""

from typing import Annotated, Literal

from pydantic import Field, FilePath, SecretStr, ValidationInfo, field_validator

from clients.dialects.servers import Dialect, ServerName
from penchant.settings.section import Blocks, Calls, Name, Seconds, Section, Serial, Tokens, form, unit

HTTP = ("http://", "https://")
Address = Annotated[
    str,
    Field(pattern=r"^\S+:\S+$"),
    form("host:port for triton, http(s)://host:port for triton-http, http(s)://host:port/v1 for openai"),
]


class Model(Section):
    """The language model that says what a shopper is after."""

    dialect: Dialect = "auto"
    """What the server speaks: Triton's gRPC with the TensorRT-LLM tensors, its HTTP generate extension, or the OpenAI
    API, by chat completions or by completions. By auto it is found out: host:port is gRPC, http(s):// is asked."""
    url: Address = "localhost:8001"
    """The server: its gRPC port, its HTTP port, or the base of its API. Where there are pools, it is not used."""
    name: Name | None = None
    """The model's name on the server; without it, the server is asked: Triton for ensemble, tensorrt_llm_bls or
    tensorrt_llm, the others for the first model that they list."""
    server: Literal["auto", ServerName] = "auto"
    """Which OpenAI-compatible server it is. By auto it says so itself, which one behind a gateway may not."""
    tokens_per_block: Tokens = 64
    """The size of the KV cache blocks behind Triton, which counts reused blocks and not cached tokens."""
    api_key: SecretStr | None = None
    """Sent as a bearer token. Better in the environment than in a file."""
    max_in_flight: Calls = 256
    """The most calls that run at once, on one worker. How many of them a server takes is found out."""
    deadline_s: Seconds = 10.0
    """How long one call may take; then it is cancelled on the server too."""
    max_tokens: Tokens = 200
    """The longest answer."""
    temperature: Annotated[float, Field(ge=0, le=2), unit("temperature")] = 0.0
    """How freely the model chooses its words; 0 is the likeliest ones."""
    seed: Serial = 0
    """Where the model's own dice start."""
    max_attempts: Calls = 2
    """How often an answer that is no intent is asked for, before the rules answer instead."""

    @field_validator("url")
    @classmethod
    def fits_dialect(cls, url: str, info: ValidationInfo) -> str:
        """The wrong kind of address would only fail at the first call."""
        return check_address(url, info.data.get("dialect"))


class Prompt(Section):
    """What the model is asked."""

    version: Annotated[str, Field(pattern=r"^v\d+$"), form("v and a number, such as v1")] = "v1"
    """The prompt template."""
    high_tokens: Blocks = 2_560
    """The most tokens of a whole prompt; beyond it the oldest lines of history go, a chunk at a time."""
    low_tokens: Blocks = 1_536
    """The most that are left after such a cut: dropping a chunk at once keeps the model's prefix cache warm for longer.
    The constant parts of a prompt take about 600."""
    tokenizer: FilePath | None = None
    """The model's tokenizer.json, to count tokens as the model does (needs the extra `tokens`). Without it they are
    estimated."""

    @field_validator("low_tokens")
    @classmethod
    def below_high(cls, low: int, info: ValidationInfo) -> int:
        """A cut must drop something."""
        if low >= info.data.get("high_tokens", low + 1):
            raise ValueError(f"must be below prompt.high_tokens, which is {info.data['high_tokens']}")
        return low


def check_address(url: str, dialect: Dialect | None) -> str:
    """The address, when it is one of that dialect; ValueError when it is not."""
    http = url.startswith(HTTP)
    if dialect in ("triton-http", "openai", "openai-completions") and not http:
        raise ValueError(f"model.dialect is {dialect}: the address starts with http:// or https://")
    if dialect == "triton" and "://" in url:
        raise ValueError("model.dialect is triton: the address is its gRPC port, as host:port")
    if "://" in url and not http:
        raise ValueError("the address is host:port, or starts with http:// or https://")
    return url
