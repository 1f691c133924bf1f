"""A private KV cache: a salt with each call, where the server takes one."""

from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from clients.calls import Call
from clients.dialects import requests
from clients.dialects.openai import OpenAIClient
from clients.dialects.sent_fields import sent_fields
from clients.dialects.servers import SERVERS, ServerName
from clients.pools.endpoints import Endpoint
from streams.errors import ContractMismatch
from tests.fakes.openai_server import OpenAIServer

ENDPOINT = TypeAdapter(Endpoint)
SALT = requests.cache_salt(b"key")


def body(kind: ServerName, salt: str) -> Any:
    """What is sent to a server of this kind."""
    call = Call("1", "p", 1.0, 200, traffic_class="batch")
    return orjson.loads(requests.body(call, "m", "chat", SERVERS[kind], sent_fields(None, "off"), salt))


@pytest.mark.parametrize("kind", ["trtllm-serve", "vllm"])
def test_the_salt_stands_in_the_request(kind: ServerName) -> None:
    """And nothing where none is wanted."""
    assert body(kind, SALT)["cache_salt"] == SALT
    assert "cache_salt" not in body(kind, "")


def test_dynamo_takes_it_as_an_extension() -> None:
    """Beside what it is asked to tell."""
    assert body("dynamo", SALT)["nvext"] == {"extra_fields": ["timing", "worker_id"], "cache_salt": SALT}


def test_the_salt_is_the_keys_own() -> None:
    """Two namespaces share no blocks, and a salt tells nobody the key."""
    assert requests.cache_salt(b"key") == SALT != requests.cache_salt(b"other")
    assert len(SALT) == 32


@pytest.mark.parametrize(("kind", "takes"), [("vllm", True), ("trtllm-serve", True), ("sglang", False)])
async def test_a_server_that_takes_no_salt_is_a_mismatch(kind: str, takes: bool) -> None:  # noqa: FBT001
    """Calls that would share their blocks all the same are not made."""
    server = OpenAIServer(kind=kind)
    await server.start()
    client = OpenAIClient(server.url, session_key=b"key", private_cache=True)
    try:
        if takes:
            await client.probe()
        else:
            with pytest.raises(ContractMismatch, match="private_cache"):
                await client.probe()
    finally:
        await client.close()
        await server.stop()


@pytest.mark.parametrize(
    ("url", "dialect"),
    [("triton:8001", "auto"), ("grpcs://triton:8001", "triton"), ("http://triton:8000", "triton-http")],
)
def test_triton_takes_none(url: str, dialect: str) -> None:
    """The settings say so, and what to do."""
    with pytest.raises(ValidationError, match="Triton takes no salt: reach its engine by trtllm-serve or Dynamo"):
        ENDPOINT.validate_python({"url": url, "dialect": dialect, "private_cache": True})
    assert ENDPOINT.validate_python({"url": url, "dialect": dialect}).private_cache is False
    assert ENDPOINT.validate_python({"url": "http://vllm:8000/v1", "private_cache": True}).private_cache
