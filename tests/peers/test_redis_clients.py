"""Other people's Redis clients read what docs/redis-contract.md promises."""

import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.servers.redis import RedisServer
from storage.connection import connect
from tests.peers.outputs import output
from tests.readers import fixtures

PROGRAMS = Path(__file__).with_name("programs")
NAMESPACE = "penchant"
FIELDS = ("schema", "stage", "mission", "category", "price_high", "confidence", "purposes", "packed", "doc")

Read = Callable[[str, str, str], Awaitable[bytes]]


def program(name: str) -> str:
    """It, on the PATH; without it the test is skipped."""
    return shutil.which(name) or pytest.skip(f"NO {name.upper()}: install it")


@pytest.fixture(scope="session")
async def packages(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs with node-redis and ioredis beside them."""
    folder = tmp_path_factory.mktemp("node") / "programs"
    shutil.copytree(PROGRAMS, folder)
    await output(program("npm"), "install", "--silent", "--no-audit", "--no-fund", cwd=folder)
    return folder


async def asked(redis_server: RedisServer, read: Read) -> None:
    """Every fixture is read as it stands: text as text, a field that is not there as null, a key of another type as
    an error."""
    async with connect(redis_server.url) as client:
        await fixtures.put(client, NAMESPACE)
    cases = {case["shopper"]: case for case in fixtures.cases() if _plain(case["shopper"])}
    found: dict[str, Any] = json.loads(await read(redis_server.url, json.dumps(FIELDS), json.dumps(list(cases))))
    assert found.keys() == cases.keys()
    for shopper, case in cases.items():
        if "text" in case:
            assert "WRONGTYPE" in found[shopper]
        else:
            assert found[shopper] == [case["fields"].get(field) for field in FIELDS], shopper


@pytest.mark.parametrize("name", ["node_redis.js", "ioredis.js"])
async def test_javascript(redis_server: RedisServer, packages: Path, name: str) -> None:
    """node-redis and ioredis."""
    await asked(redis_server, lambda *arguments: output(program("node"), name, *arguments, cwd=packages))


async def test_go(redis_server: RedisServer) -> None:
    """go-redis."""
    go = program("go")
    await asked(redis_server, lambda *arguments: output(go, "run", ".", *arguments, cwd=PROGRAMS / "go_redis"))


def _plain(shopper: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in shopper)
