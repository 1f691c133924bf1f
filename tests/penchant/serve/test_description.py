"""The OpenAPI description of penchant serve, held against a running one by Schemathesis."""

import asyncio
import sys
from pathlib import Path

import pytest

from penchant.serve.service import serving
from penchant.settings.operation import Serve
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.redis_rules import RedisRules

pytestmark = [pytest.mark.slow, pytest.mark.redis]

RULES = Path(__file__).with_name("schemathesis.toml")


async def test_what_is_sent_and_answered_is_as_described(redis_server: RedisServer, tmp_path: Path) -> None:
    """Requests by the schema are accepted, others refused, and each answer has a status, a type and a form that the
    description names."""
    settings = Settings(redis=RedisRules(url=redis_server.url), serve=Serve(port=0))
    command = [sys.executable, "-W", "ignore", "-m", "schemathesis.cli", "--config-file", str(RULES), "run"]
    async with serving(settings) as url, asyncio.timeout(240):
        process = await asyncio.create_subprocess_exec(
            *command, f"{url}/openapi.json", "--max-examples", "100", "--seed", "1", "--no-color",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            told, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, told.decode()
    assert "Tested: 4" in told.decode()
