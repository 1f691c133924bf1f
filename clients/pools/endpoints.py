"""Endpoints: the servers there are, in pools, and what they cost."""

from collections.abc import Callable
from dataclasses import dataclass, field

from clients.calls import ModelClient
from clients.dialects.servers import Dialect, ServerName


@dataclass(frozen=True, slots=True)
class Price:
    """What an endpoint costs, in any one currency: by the hour (of all its GPUs) or by the million tokens, or both."""

    per_hour: float = 0.0
    per_million_input: float = 0.0
    per_million_cached: float = 0.0
    per_million_output: float = 0.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server; no other has its name. `weight` is its share of the shoppers beside the others of its pool."""

    url: str
    dialect: Dialect = "auto"
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    server: ServerName | None = None
    tokens_per_block: int = 64
    weight: float = 1.0
    price: Price = Price()

    @property
    def name(self) -> str:
        """What people and hashes call it: its host and port."""
        return (self.url.partition("://")[2] or self.url).partition("/")[0]

    def same_server(self, other: "Endpoint") -> bool:
        """Whether one client serves both: weight and price may differ."""
        return _connection(self) == _connection(other)


@dataclass(frozen=True, slots=True)
class Pool:
    """Endpoints that serve the same shoppers; a later pool serves whom an earlier one has no place for."""

    name: str
    endpoints: tuple[Endpoint, ...]


Connect = Callable[[Endpoint], ModelClient]


def _connection(endpoint: Endpoint) -> tuple[object, ...]:
    return endpoint.url, endpoint.dialect, endpoint.model, endpoint.api_key, endpoint.server, endpoint.tokens_per_block
