"""S3 without Amazon: moto's server, in an environment of its own, since its libraries need older ones than ours."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from benchmarks.environments import Environment
from sandbox.servers.server import LOOPBACK, Server

ENVIRONMENT = Environment("moto", whole=True)
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
"""What its clients find in their environment. It checks none of it."""


class MotoServer(Server):
    """An S3 in memory."""

    name = "moto"
    start_within_s = 60.0

    def command(self) -> Sequence[str]:
        """On loopback."""
        return [str(ENVIRONMENT.program("moto_server")), "-H", LOOPBACK, "-p", str(self.ports[0])]

    def environment(self) -> Mapping[str, str]:
        """It must not find our packages."""
        return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | KEYS

    async def healthy(self) -> bool:
        """It lists its buckets."""
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"http://{LOOPBACK}:{self.ports[0]}/", timeout=2)).is_success
            except httpx.HTTPError:
                return False

    def describe(self) -> str:
        """It is no real one."""
        return f"moto {ENVIRONMENT.version()['moto']} (S3 in memory)"

    def uri(self, bucket: str, path: str = "") -> str:
        """As pyarrow reads it."""
        return f"s3://{bucket}/{path}?endpoint_override={LOOPBACK}%3A{self.ports[0]}&scheme=http&region=us-east-1"

    async def make(self, bucket: str) -> None:
        """Make a bucket."""
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.put(f"http://{LOOPBACK}:{self.ports[0]}/{bucket}", timeout=10)).raise_for_status()


@pytest.fixture
async def moto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MotoServer]:
    """A server of its own; its keys are in the environment."""
    lacks = await asyncio.wait_for(ENVIRONMENT.install(), 600)
    assert lacks is None, lacks
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    async with MotoServer(tmp_path) as server:
        yield server
