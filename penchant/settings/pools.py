"""Settings of many model servers: pools of them, and where a shopper's call goes."""

import json
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from clients.dialects.servers import Dialect, ServerName
from penchant.settings.model import Address, check_address
from penchant.settings.section import Name, Seconds, Section, Tokens, unit

Price = Annotated[float, Field(ge=0), unit("price")]


class Endpoint(Section):
    """One server. What it does not say is as in [model]."""

    url: Address
    """The server: its gRPC port, its HTTP port, or the base of its API."""
    dialect: Dialect | None = None
    """What the server speaks."""
    model: Name | None = None
    """The model's name on the server."""
    server: Literal["auto", ServerName] | None = None
    """Which OpenAI-compatible server it is."""
    tokens_per_block: Tokens | None = None
    """The size of its KV cache blocks."""
    api_key: SecretStr | None = None
    """Sent as a bearer token."""
    weight: Annotated[float, Field(gt=0), unit("weight")] = 1.0
    """Its share of the shoppers, beside the others of its pool."""
    price_per_hour: Price = 0.0
    """What it costs by the hour, with all its GPUs."""
    price_per_million_input: Price = 0.0
    """What a million tokens of prompt cost that are not cached."""
    price_per_million_cached: Price = 0.0
    """What a million cached tokens of prompt cost."""
    price_per_million_output: Price = 0.0
    """What a million tokens of answer cost."""

    @field_validator("dialect")
    @classmethod
    def fits_url(cls, dialect: Dialect | None, info: ValidationInfo) -> Dialect | None:
        """The wrong kind of address would only fail at the first call."""
        check_address(info.data.get("url", "host:port"), dialect)
        return dialect


class Pool(Section):
    """Servers that share their shoppers."""

    name: Name
    """What it is called in logs and metrics."""
    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    """Its servers."""


def from_json(value: object) -> object:
    """Tables, also where a variable holds them as JSON."""
    return json.loads(value) if isinstance(value, str) else value


SAMPLE = """\
[[pools]]
name = "own"
endpoints = [
  { url = "triton-0:8001", price_per_hour = 4.0 },
  { url = "triton-1:8001", price_per_hour = 8.0, weight = 2.0 },
]

[[pools]]
name = "rented"
endpoints = [
  { url = "https://models.example.com/v1", price_per_million_input = 0.1, price_per_million_output = 0.4 },
]"""

Pools = Annotated[
    tuple[Pool, ...] | None,
    BeforeValidator(from_json),
    Field(json_schema_extra={"form": "tables as shown here, or the same as JSON", "sample": SAMPLE}),
]


class Routing(Section):
    """Where a shopper's call goes when there are several servers."""

    home_s: Seconds = 0.2
    """How long a shopper waits for a place at the server that holds their KV blocks, while others have places."""
    spill_after_s: Seconds = 0.5
    """The next pool serves those who wait longer than this for a place in the first."""
    hedging: bool = False
    """Whether a call whose first token is late is made at another server too, at most one call in fifty."""


def check_pools(pools: tuple[Pool, ...] | None) -> tuple[Pool, ...] | None:
    """The pools, when every name and every server is there once; ValueError when one is there twice."""
    for what, names in (
        ("pool", [pool.name for pool in pools or ()]),
        ("endpoint", [endpoint.url for pool in pools or () for endpoint in pool.endpoints]),
    ):
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{what} {twice} is there twice")
    return pools
