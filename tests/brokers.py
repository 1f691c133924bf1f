"""Real Kafka brokers for the tests: Apache Kafka from its jars on a JDK, or in a container."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.servers.apache import QUICK, ApacheKafka

IMAGE = "confluentinc/cp-kafka:7.9.0"  # Apache Kafka 3.9, in the layout that testcontainers knows


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a real broker listens (`host:port`), and what it is."""

    address: str
    name: str


@asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[Broker]:
    """Apache Kafka, in a container where a Docker engine answers, else on the JDK; PlatformLacks without either."""
    with _container() as address:
        if address:
            yield Broker(address, "Apache Kafka in a container")
            return
    server = await asyncio.to_thread(ApacheKafka, folder)
    async with server:
        yield Broker(server.address, server.describe())


@contextmanager
def _container() -> Iterator[str | None]:
    """The address of a Kafka in a container; None when no Docker engine answers."""
    if not _docker_answers():
        yield None
        return
    from testcontainers.community.kafka import KafkaContainer  # noqa: PLC0415 (only where it is used)

    kafka = KafkaContainer(IMAGE).with_kraft()
    for key, value in QUICK.items():
        kafka.with_env(f"KAFKA_{key.upper().replace('.', '_')}", str(value))
    with kafka:
        yield kafka.get_bootstrap_server()


def _docker_answers() -> bool:
    """By the command: the Python client leaves a socket open where no engine listens."""
    if not shutil.which("docker"):
        return False
    try:
        return not subprocess.run(["docker", "info"], check=False, capture_output=True, timeout=10).returncode
    except subprocess.TimeoutExpired:
        return False
