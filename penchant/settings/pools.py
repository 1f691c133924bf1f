"""Settings of many model servers: pools of them, as tables or as JSON in a variable."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from clients.pools.endpoints import Endpoint, Pool

SHARED = (
    "dialect",
    "name",
    "server",
    "tokens_per_block",
    "api_key",
    "api_key_file",
    "api_key_header",
    "tls",
    "guided",
    "session_key",
    "private_cache",
)
"""What an endpoint of a pool takes from [model] where it does not say it."""

SAMPLE = """\
[[pools]]
name = "own"
endpoints = [
  { url = "triton-0:8001", price = { per_hour = 4.0 } },
  { url = "triton-1:8001", price = { per_hour = 8.0 }, weight = 2.0 },
]

[[pools]]
name = "rented"
endpoints = [
  { url = "https://models.example.com/v1", price = { per_million_input = 0.1, per_million_output = 0.4 } },
]"""


def from_json(value: object) -> object:
    """Tables, also where a variable holds them as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _completed(value: object, info: ValidationInfo) -> object:
    """The tables of pools, each endpoint with what it shares with [model]; what is no such table is left as it is."""
    model = info.data.get("model")
    pools = from_json(value)
    if not isinstance(model, Endpoint) or not isinstance(pools, list | tuple):
        return pools
    shared = {name: getattr(model, name) for name in SHARED}
    return [_with(pool, shared) for pool in pools]


def _with(pool: Any, shared: Mapping[str, Any]) -> Any:
    if not isinstance(pool, Mapping) or not isinstance(pool.get("endpoints"), list | tuple):
        return pool
    endpoints = pool["endpoints"]
    return {**pool, "endpoints": [_shared(each, shared) if isinstance(each, Mapping) else each for each in endpoints]}


def _shared(endpoint: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    """An endpoint with a key of its own takes none of [model], in whatever way that is given."""
    keys = ("api_key", "api_key_file")
    own = any(key in endpoint for key in keys)
    return {**{name: value for name, value in shared.items() if not (own and name in keys)}, **endpoint}


def _apart(pools: tuple[Pool, ...]) -> tuple[Pool, ...]:
    """The pools, when every name and every server is there once; ValueError when one is there twice."""
    endpoints = [endpoint for pool in pools for endpoint in pool.endpoints]
    names, urls = Counter(pool.name for pool in pools), Counter(endpoint.url for endpoint in endpoints)
    if twice := next((name for name, count in names.items() if count > 1), None):
        raise ValueError(f"pool {twice} is there twice: rename one")
    if same := next((endpoint for endpoint in endpoints if urls[endpoint.url] > 1), None):
        raise ValueError(f"endpoint {same.address} is there twice: leave one out")
    return pools


Pools = Annotated[
    tuple[Pool, ...],
    BeforeValidator(_completed),
    AfterValidator(_apart),
    Field(json_schema_extra={"form": "tables as shown here, or the same as JSON", "sample": SAMPLE}),
]
