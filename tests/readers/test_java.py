"""The Java reader's own tests, with the same Redis and the same fixtures as the Python readers'."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sandbox.servers.redis import RedisServer
from storage.connection import connect
from tests.readers import fixtures
from tests.redis_cluster import RedisCluster

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.java, pytest.mark.timeout(900)]
READERS = Path(__file__).parents[2] / "readers"
NAMESPACE = "java"
WITHIN_S = 840
REMEDY = "install a JDK (17 or newer) and Maven: apt install openjdk-17-jdk-headless maven"


@pytest.fixture
def maven() -> str:
    """Maven, with a JDK for it; without them the test is skipped."""
    found = shutil.which("mvn")
    if found and shutil.which("javac"):
        return found
    pytest.skip(f"NO JAVA: {REMEDY}")


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[RedisCluster]:
    """Three nodes that hold the fixtures."""
    async with RedisCluster(tmp_path / "cluster") as cluster, connect(cluster.url, cluster=True) as client:
        await fixtures.put(client, NAMESPACE)
        yield cluster


async def test_the_java_reader(maven: str, redis_server: RedisServer, cluster: RedisCluster, tmp_path: Path) -> None:
    """It reads the fixtures as they say, from one server and from a cluster, and keeps its promises in an outage."""
    async with connect(redis_server.url) as client:
        await fixtures.put(client, NAMESPACE)
    shutil.copytree(READERS, tmp_path / "readers", ignore=shutil.ignore_patterns("target", "python"))
    properties = {"server": redis_server.url, "cluster": cluster.url.removesuffix("/0"), "namespace": NAMESPACE}
    command = [maven, "-B", "-q", *(f"-Dpenchant.{name}={value}" for name, value in properties.items()), "test"]
    done = await asyncio.to_thread(
        subprocess.run, command, check=False, cwd=tmp_path / "readers" / "java", capture_output=True, text=True,
        timeout=WITHIN_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-2_000:]
    counts = _counts(tmp_path / "readers" / "java" / "target" / "surefire-reports")
    assert sum(int(each["tests"]) for each in counts) >= 29
    assert [each["name"] for each in counts if int(each["skipped"])] == []


def _counts(reports: Path) -> list[dict[str, str]]:
    """What each class of tests came to."""
    return [ET.parse(report).getroot().attrib for report in reports.glob("*.xml")]  # noqa: S314 (of our own making)
