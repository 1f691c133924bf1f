"""penchant doctor, as a process: everything at once, and what is away hides nothing else."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from penchant.operations.doctor.examination import Check, examine, versions
from penchant.operations.doctor.findings import ERROR, INFO, Finding
from penchant.settings.root import Settings
from sandbox.servers.kafka import MockKafka
from sandbox.servers.redis import RedisServer
from streams.errors import ContractMismatch, StoreUnavailable
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.events.native_reader import decoder_name
from tests.kafka import Kafka
from tests.penchant.commands import Ended, run

UNREACHABLE = "127.0.0.1:1"


def test_the_decoder_that_reads_is_named() -> None:
    """Whether somebody has installed the one in Rust is not to be seen otherwise."""
    [found] = [each.found for each in versions() if each.subject == "decoder"]
    assert found == f"native events are read in {decoder_name()}"


@pytest.mark.kafka
async def test_what_is_away_is_said_and_the_rest_is_judged(
    mock_kafka: MockKafka, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Kafka away, or Redis away, is an error with a remedy; the other is examined all the same. A model that is away
    is a warning, for the rules stand in."""
    await mock_kafka.create_topic("doctor-events", 4)
    there = {"KAFKA__BOOTSTRAP": mock_kafka.address, "KAFKA__TOPIC": "doctor-events", "REDIS__URL": redis_server.url}
    model = {"MODEL__URL": UNREACHABLE}

    no_kafka, no_redis = await asyncio.gather(
        run(tmp_path, there | model | {"KAFKA__BOOTSTRAP": UNREACHABLE}, "doctor", "--json"),
        run(tmp_path, there | model | {"REDIS__URL": f"redis://{UNREACHABLE}/0"}, "doctor", "--json"),
    )

    assert (no_kafka.status, no_kafka.report["worst"]) == (1, "error")
    assert "kafka.bootstrap" in only(no_kafka, "kafka")["remedy"]
    assert not of(no_kafka, "topic doctor-events")
    assert of(no_kafka, "redis")
    assert only(no_kafka, "model")["severity"] == "warning"
    assert no_redis.status == 1
    assert "redis.url" in only(no_redis, "redis")["remedy"]
    assert any("4 partitions" in each["found"] for each in of(no_redis, "topic doctor-events"))


@pytest.mark.kafka
async def test_a_real_broker_tells_of_its_topics(real_kafka: Kafka, redis_server: RedisServer, tmp_path: Path) -> None:
    """Compaction, retention, and records under keys that are no shoppers."""
    kafka = real_kafka
    bad = await kafka.topic(2, cleanup_policy="compact", retention_ms=60_000)
    dead, erasures = await kafka.topic(1, retention_ms=3_600_000), await kafka.topic(1)
    events = [encode(ShopperEvent(f"e{number}", f"s{number}", "view", 1_700_000_000_000)) for number in range(60)]
    await kafka.produce(bad, events, keys=[b"shop"] * 60)
    variables = {
        "KAFKA__BOOTSTRAP": kafka.bootstrap,
        "KAFKA__TOPIC": bad,
        "KAFKA__DEAD_LETTER_TOPIC": dead,
        "KAFKA__ERASURE_TOPIC": erasures,
        "KAFKA__HISTORY_TOPIC": "doctor-nowhere",
        "REDIS__URL": redis_server.url,
        "REDIS__NAMESPACE": "doctor",
        "MODEL__URL": UNREACHABLE,
    }
    ended, shown = await asyncio.gather(
        run(tmp_path, variables, "doctor", "--json"),
        run(tmp_path, variables, "doctor"),
    )
    assert ended.status == 1
    errors = " ".join(each["found"] for each in of(ended, f"topic {bad}") if each["severity"] == "error")
    assert "compacted" in errors
    assert "retention is 0.0 h" in errors
    assert "60 of 60 sampled events are not keyed by their shopper" in errors
    assert "below a day" in " ".join(each["found"] for each in of(ended, f"topic {dead}"))
    assert "erasures are forgotten" in only(ended, f"topic {erasures}")["found"]
    assert only(ended, "topic doctor-nowhere")["severity"] == "warning"
    assert shown.status == 1
    assert all(any(each["remedy"] in line for line in shown.out.splitlines()) for each in of(ended, f"topic {bad}"))


async def test_each_check_is_bounded_and_alone() -> None:
    """One that hangs, one that fails, and one that has something to say."""

    async def hang(_: Settings) -> list[Finding]:
        await asyncio.Event().wait()
        raise AssertionError

    async def fail(_: Settings) -> list[Finding]:
        raise StoreUnavailable("nobody there")

    async def stop(_: Settings) -> list[Finding]:
        raise ContractMismatch("no such topic", "make it")

    async def tell(_: Settings) -> list[Finding]:
        return [Finding("tell", INFO, "well")]

    checks = {name: Check(each) for name, each in {"hang": hang, "fail": fail, "stop": stop, "tell": tell}.items()}
    found = {each.subject: each for each in await examine(Settings(), checks, bound_s=0.05)}
    assert found["tell"] == Finding("tell", INFO, "well")
    assert [found[name].severity for name in ("hang", "fail", "stop")] == [ERROR] * 3
    assert "not done" in found["hang"].found
    assert found["stop"] == Finding("stop", ERROR, "no such topic", "make it")


async def test_settings_that_are_none_are_bad_usage(tmp_path: Path) -> None:
    """As for every command."""
    ended = await run(tmp_path, {"KAFKA__TOPIC": "two words"}, "doctor")
    assert (ended.status, "kafka.topic" in ended.err) == (2, True)


def of(ended: Ended, subject: str) -> list[Any]:
    return [each for each in ended.report["findings"] if each["subject"] == subject]


def only(ended: Ended, subject: str) -> Any:
    [finding] = of(ended, subject)
    return finding
