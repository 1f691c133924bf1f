"""Settings of the way to the model: the server, and what it is asked."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from penchant.settings.section import Calls, Name, Seconds, Section, Serial, Tokens, form, unit

HTTP = ("http://", "https://")


class Model(Section):
    """The language model that says what a shopper is after."""

    dialect: Literal["triton", "openai"] = "triton"
    """What the server speaks: Triton's gRPC with the TensorRT-LLM tensors, or the OpenAI API (trtllm-serve, vLLM,
    SGLang, Dynamo)."""
    url: Annotated[
        str,
        Field(pattern=r"^\S+:\S+$"),
        form("host:port for triton, http(s)://host:port/v1 for openai"),
    ] = "localhost:8001"
    """The server: for triton its gRPC port, for openai the base of its API."""
    name: Name = "ensemble"
    """The model's name on the server."""
    api_key: SecretStr | None = None
    """Sent as a bearer token. Better in the environment than in a file."""
    max_in_flight: Calls = 32
    """The most calls that run at once, on one worker."""
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
        dialect = info.data.get("dialect")
        if dialect == "openai" and not url.startswith(HTTP):
            raise ValueError("model.dialect is openai: the address starts with http:// or https://")
        if dialect == "triton" and "://" in url:
            raise ValueError("model.dialect is triton: the address is its gRPC port, as host:port")
        return url


class Prompt(Section):
    """What the model is asked."""

    version: Annotated[str, Field(pattern=r"^v\d+$"), form("v and a number, such as v1")] = "v1"
    """The prompt template."""
