"""Apache Kafka on this machine: one node on the JDK, from its jars, which Maven fetches once.

The real broker, for tests and benchmarks; the demo takes the mock (kafka.py), which needs neither Java nor Maven.
"""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sandbox.servers.maven import classpath
from sandbox.servers.server import LOOPBACK, Server

VERSION = "4.1.1"  # brokers of 4.x need Java 17

QUICK = {
    "auto.create.topics.enable": "false",
    "broker.heartbeat.interval.ms": 500,
    "broker.session.timeout.ms": 2_000,  # how long a restart after a kill waits for its predecessor
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    "log.cleaner.backoff.ms": 200,  # compaction within a test
    "log.retention.check.interval.ms": 86_400_000,  # what is sent with a time of years ago stays for as long as it runs
    "offsets.topic.num.partitions": 4,
    "offsets.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
}
"""What makes one node a whole, and quick."""

POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>penchant</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""


class ApacheKafka(Server):
    """One node of Apache Kafka, broker and controller at once. What it was told survives `kill` and `restart`."""

    name = "kafka"
    port_count = 2
    start_within_s = 60.0
    stop_within_s = 15.0

    def __init__(self, run_folder: Path) -> None:
        super().__init__(run_folder)
        self._classpath = resolve_classpath()
        self._cluster_id = uuid4().hex[:22]

    @property
    def address(self) -> str:
        """Where it listens, as `host:port`."""
        return f"{LOOPBACK}:{self.ports[0]}"

    def command(self) -> Sequence[str]:
        """Format the storage unless it is, then serve."""
        properties = self.run_folder / "server.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in self._properties().items()))
        format_storage = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", self._cluster_id]
        first = shlex.join([*self._java(), *format_storage, "-c", str(properties)])
        then = shlex.join([*self._java(), "kafka.Kafka", str(properties)])
        return ["sh", "-c", f"{first} && exec {then}"]

    async def healthy(self) -> bool:
        """A broker of our cluster answers."""
        return await asyncio.to_thread(self._answers)

    def describe(self) -> str:
        """E.g. `Apache Kafka 4.1.1`."""
        return f"Apache Kafka {VERSION}"

    def _answers(self) -> bool:
        client = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        try:
            return bool(client.list_topics(timeout=1).cluster_id == self._cluster_id)
        except KafkaException:
            return False

    def _java(self) -> list[str]:
        options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return ["java", *options, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", self._classpath]

    def _properties(self) -> Mapping[str, object]:
        broker, controller = (f"{LOOPBACK}:{port}" for port in self.ports[:2])
        return QUICK | {
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@{controller}",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "log.dirs": (self.run_folder / "data").resolve(),
            "node.id": 1,
            "process.roles": "broker,controller",
        }


def resolve_classpath() -> str:
    """Kafka's jars; PlatformLacks when they cannot be fetched."""
    return classpath(f"kafka-{VERSION}", POM)
