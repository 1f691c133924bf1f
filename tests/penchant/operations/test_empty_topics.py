"""Commands that read topics end also where there is nothing to read."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.servers.redis import RedisServer
from tests.kafka import Kafka
from tests.penchant.commands import run

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

COMMANDS: Mapping[str, tuple[int, str]] = {
    "dead-letters list": (0, "holds nothing"),
    "dead-letters redrive": (0, "0 letters went back"),
    "dead-letters redrive --dry-run": (0, "0 letters would go back"),
    "dead-letters show 0-0": (1, "no letter stands at 0-0"),
    "replay --from 2h": (1, "holds no records in that range"),
    "lineage show": (0, "nothing to compare"),
}
"""Each with its exit status and what it says."""


@pytest.mark.slow
async def test_each_command_ends_and_says_so(real_kafka: Kafka, redis_server: RedisServer, tmp_path: Path) -> None:
    """Where the topics were never written to, and where all of it was deleted since."""
    topics = [await real_kafka.topic(2) for _ in range(3)]
    names = dict(zip(("TOPIC", "DEAD_LETTER_TOPIC", "ERASURE_TOPIC"), topics, strict=True))
    variables = {f"KAFKA__{name}": topic for name, topic in names.items()}
    variables |= {
        "KAFKA__BOOTSTRAP": real_kafka.bootstrap,
        "REDIS__URL": redis_server.url,
        "REDIS__NAMESPACE": topics[0],
    }
    for command, (status, words) in COMMANDS.items():
        ended = await run(tmp_path, variables, *command.split())
        assert (ended.status, words in ended.out + ended.err) == (status, True), (command, ended.out, ended.err)
