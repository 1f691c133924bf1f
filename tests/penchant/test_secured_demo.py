"""The demonstration in a guarded estate: it works, and nobody gets in, or further, without the right to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from penchant.demo.run import Outcome, run
from penchant.demo.stage import DemoPlan, Stage
from penchant.operations.doctor.examination import examine
from penchant.operations.doctor.findings import ERROR
from penchant.operations.doctor.models import examine as examine_model
from penchant.settings.kafka import Kafka
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from sandbox.servers.secured_stack import GUARDED
from sandbox.shop.producer import EventProducer
from streams.errors import PenchantError, PlatformLacks
from streams.kafka.reader import TopicReader
from tests.kafka import SKIPPED

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.java, pytest.mark.redis, pytest.mark.triton]


async def test_it_runs_guarded_and_lets_nobody_else_in(needs_triton: None, tmp_path: Path) -> None:
    """Intents by the model alone over TLS, SCRAM and ACLs; each role does its own and is refused the next one's; what
    is kept for other commands lets an operator in, by files."""
    said: list[str] = []

    @asynccontextmanager
    async def tried(stage: Stage) -> AsyncIterator[None]:
        yield
        await nobody_without_login(stage)
        await nobody_beyond_their_role(stage)
        settings = load_settings(tmp_path / "console.toml").settings
        wrong = [finding for finding in await examine(settings) if finding.severity == ERROR]
        assert not wrong, wrong

    try:
        outcome: Outcome = await run(DemoPlan(tmp_path, seconds=3, secured=True), tried, said.append)
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
    assert outcome.report["intents"] > outcome.report["rules_intents"] == outcome.report["call_failures"] == 0
    assert outcome.examples
    parts = outcome.report["components"]
    assert "ACLs" in parts["kafka"]
    assert "ACL users" in parts["redis"]
    assert "gRPC with certificates" in parts["triton"]
    assert set(GUARDED) <= set(said)
    assert "s3cret" not in (tmp_path / "console.toml").read_text() + repr(said)


async def nobody_without_login(stage: Stage) -> None:
    """Kafka without a password, Redis without a certificate, Triton without the key."""
    worker, topic = stage.stack.sections(), stage.settings.kafka.topic
    plain = {"bootstrap": worker["kafka"]["bootstrap"], "security_protocol": "SSL", "tls": worker["kafka"]["tls"]}
    with pytest.raises(PenchantError):
        await send(Kafka(**plain), topic)
    bare = {"ssl_ca_certs": worker["kafka"]["tls"]["ca_file"], "socket_timeout": 5.0}
    async with Redis.from_url(worker["redis"]["url"], **bare) as redis:
        with pytest.raises((RedisError, OSError)):
            await redis.ping()
    keyless = {"model": {"url": worker["model"]["url"], "tls": worker["model"]["tls"]}}
    assert any("api_key" in finding.remedy for finding in await examine_model(Settings.model_validate(keyless)))


async def nobody_beyond_their_role(stage: Stage) -> None:
    """The worker sends no events, the shop reads none, and the ranker sees nothing but intents."""
    topic, sections = stage.settings.kafka.topic, stage.stack.sections
    with pytest.raises(PenchantError, match="does not let us"):
        await send(Kafka(**sections()["kafka"]), topic)
    with pytest.raises(PenchantError, match="does not let us"):
        await read(Kafka(**sections("shop")["kafka"]), topic)
    async with Redis.from_url(stage.stack.reader_url, socket_timeout=5.0) as redis:
        await redis.hmget("penchant:{nobody}:intent", ["doc"])
        with pytest.raises(NoPermissionError):
            await redis.hset("penchant:{nobody}:intent", "doc", "")
        with pytest.raises(NoPermissionError):
            await redis.hmget("penchant:{nobody}:context", ["session"])


async def send(kafka: Kafka, topic: str) -> None:
    async with EventProducer(kafka.options, topic, 5.0) as sender:
        await sender.send(b"nobody", b"{}")
        await sender.flush()


async def read(kafka: Kafka, topic: str) -> None:
    async with TopicReader(kafka.options, 5.0) as reader:
        log = await reader.log(topic)
        await reader.newest(log, [0] * len(log.ends), 1)
