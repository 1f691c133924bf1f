"""Real Kafka brokers for the tests: Apache Kafka from its jars on a JDK, or in a container."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.servers.apache import QUICK, ApacheKafka

__all__ = ["ApacheKafka", "container"]

IMAGE = "confluentinc/cp-kafka:7.9.0"  # Apache Kafka 3.9, in the layout that testcontainers knows


@contextmanager
def container() -> Iterator[str | None]:
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
