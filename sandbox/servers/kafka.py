"""The embedded Kafka: librdkafka's mock cluster, from the confluent-kafka wheel, in a process of its own.

It speaks the real protocol, with consumer groups and transactions, but keeps everything in memory, about 5 MB a
partition, and has no admin API: topics come from `create_topic`, or with four partitions on first use.
"""

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from sandbox.servers.server import POLL_S, Server
from streams.errors import BrokerUnavailable, PlatformLacks

CREATE_WITHIN_S = 5.0


class MockKafka(Server):
    """A mock Kafka broker. A restart loses all data and moves to another port, unlike the other servers."""

    name = "kafka"
    port_count = 0  # it chooses its own
    stdin = subprocess.PIPE

    def __init__(
        self, run_folder: Path, *, topics: Mapping[str, int] | None = None, rebalance_delay_ms: int = 300
    ) -> None:
        super().__init__(run_folder)
        if not find_spec("confluent_kafka"):
            raise PlatformLacks("the confluent-kafka wheel is not installed", "pip install 'penchant[embedded]'")
        self._topics = dict(topics or {})
        self._rebalance_delay_ms = rebalance_delay_ms
        self.address = ""  # host:port, once started

    async def start(self) -> None:
        """As every server, and then make its topics."""
        await super().start()
        for topic, partitions in self._topics.items():
            await self.create_topic(topic, partitions)

    async def create_topic(self, topic: str, partitions: int) -> None:
        """Make a topic; BrokerUnavailable when there is one of that name, or the broker is away."""
        before = len(self.said()) if self.pid else 0
        self._tell(f"{topic} {partitions}\n")
        for _ in range(int(CREATE_WITHIN_S / POLL_S)):
            for line in self.said()[before:].splitlines():
                if line == f"created {topic} {partitions}":
                    return
                if line.startswith(f"refused {topic} {partitions}:"):
                    raise BrokerUnavailable(line)
            await asyncio.sleep(POLL_S)
        raise BrokerUnavailable(f"the mock cluster did not make {topic} within {CREATE_WITHIN_S:g} s")

    def command(self) -> Sequence[str]:
        """A script of ours; -P because it stands beside a file named redis.py."""
        return [
            sys.executable,
            "-P",
            str(Path(__file__).with_name("mock_cluster.py")),
            str(self._rebalance_delay_ms),
        ]

    async def healthy(self) -> bool:
        """It has said where it listens."""
        said = self.said().splitlines()
        self.address = next((line.removeprefix("listening ") for line in said if line.startswith("listening ")), "")
        return bool(self.address)

    def describe(self) -> str:
        """E.g. `librdkafka 2.16.1 mock cluster`."""
        from confluent_kafka import libversion  # noqa: PLC0415 (loads librdkafka, which only the child needs)

        return f"librdkafka {libversion()[0]} mock cluster"

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin if self._process else None
        if not pipe or not self.pid:
            raise BrokerUnavailable("the mock cluster is not running")
        try:
            pipe.write(line.encode())
            pipe.flush()
        except BrokenPipeError as exc:
            raise BrokerUnavailable("the mock cluster ended") from exc
