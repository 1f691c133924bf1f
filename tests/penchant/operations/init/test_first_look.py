"""First look: what a shop's topic and servers turn out to be, and the settings file that is made of it."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from benchmarks.dialect_records import ga4, headers, segment, snowplow
from penchant.cli.main import app
from penchant.operations.doctor.findings import ERROR, INFO, WARNING, Finding
from penchant.operations.init.first_look import FirstLook, dialect_of, look
from penchant.operations.init.settings_text import text
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent
from tests.fakes.openai_server import OpenAIServer
from tests.kafka import Kafka

NOW_MS = 1_790_000_000_000
KETTLE = Item("k1", "Quiet kettle", "home/kettles", "Brivane", 30.0, "EUR")
EVENT = ShopperEvent("e1", "ada", "view", NOW_MS, (KETTLE,))


@dataclass
class Sampled:
    """A record of a topic."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    key: bytes | None = b"ada"
    offset: int = 0
    timestamp: int = NOW_MS


def of(told: Any) -> Sampled:
    return Sampled(orjson.dumps(told))


@pytest.mark.parametrize(
    ("records", "dialect"),
    [
        ([Sampled(encode(EVENT))], "native"),
        ([of(segment(EVENT))] * 3, "segment"),
        ([of(ga4(EVENT))], "ga4"),
        ([of(snowplow(EVENT))], "snowplow"),
        ([Sampled(orjson.dumps(segment(EVENT)), list(headers(EVENT)))], "cloudevents"),
        ([of(segment(EVENT)), of(snowplow(EVENT))], "auto"),
        ([*[of(segment(EVENT))] * 99, of(snowplow(EVENT))], "segment"),
        ([*[of(segment(EVENT))] * 2, *[Sampled(b"no json")] * 9, Sampled(None)], "segment"),
        ([of({"price": 3})], None),
        ([], None),
    ],
)
def test_a_dialect_is_recognised_by_nearly_all_records(records: Sequence[Sampled], dialect: str | None) -> None:
    """Records that are in none say nothing of it; doctor says how many would be refused."""
    assert dialect_of(records) == dialect


def test_the_file_has_what_was_found_and_what_is_left() -> None:
    """It can be read again, and each finding is a comment of one line, the worst first."""
    settings = Settings.model_validate({"kafka": {"topic": "clicks", "dialect": "segment"}})
    findings = [
        Finding("redis", INFO, "it is well"),
        Finding("topic clicks", WARNING, "one replica", "give it three"),
        Finding("model", ERROR, "it said\n[redis]\nurl = 1", 'correct "it"'),
    ]
    found = FirstLook(settings, frozenset({"kafka.dialect"}), {"kafka.dialect": "8 of 9"}, findings)
    origins = dict.fromkeys(["kafka.bootstrap", "kafka.topic", "kafka.dialect"], "this command")
    origins |= {"redis.url": "PENCHANT_REDIS__URL", "model.url": "default", "model.name": "default"}
    origins |= dict.fromkeys(["redis.cluster", "redis.namespace"], "default")
    origins |= dict.fromkeys(["kafka.dead_letter_topic", "kafka.erasure_topic"], "default")
    written = text(found, origins, "2026-11-29")
    assert tomllib.loads(written) == {
        "kafka": {"bootstrap": "localhost:9092", "topic": "clicks", "dialect": "segment"},
        "redis": {},
        "model": {"url": "localhost:8001"},
    }
    lines = written.splitlines()
    assert 'dialect = "segment"  # 8 of 9' in lines
    assert "PENCHANT_REDIS__URL" in lines[2]
    assert lines[-2:] == [
        '# - error model: it said [redis] url = 1 -> correct "it"',
        "# - warning topic clicks: one replica -> give it three",
    ]


@pytest.mark.kafka
@pytest.mark.redis
async def test_a_shop_is_looked_at(kafka: Kafka, redis_server: RedisServer) -> None:
    """Dialect, consent and side topics of a topic that nobody has told anything of."""
    topic = await kafka.topic(2)
    values = [orjson.dumps(segment(EVENT)) for _ in range(20)]
    await kafka.produce(topic, values, keys=[b"ada"] * 20)
    model = OpenAIServer()
    await model.start()
    try:
        given = {"kafka": {"bootstrap": kafka.bootstrap, "topic": topic}, "redis": {"url": redis_server.url},
                 "model": {"url": model.url}}  # fmt: skip
        found = await look(Settings.model_validate(given))
    finally:
        await model.stop()
    assert found.settings.kafka.dialect == "segment"
    assert found.settings.kafka.erasure_topic == f"{topic}.erasures"
    assert found.remarks["kafka.dialect"] == "20 of 20 sampled records are read so"
    assert found.remarks["privacy.default_purposes"].startswith("0 of 20")
    assert not found.settings.redis.cluster
    assert not [each for each in found.findings if "kafka.dialect" in each.remedy]


async def test_what_is_away_is_a_finding() -> None:
    """The rest is written all the same."""
    away = {"kafka": {"bootstrap": "127.0.0.1:1", "topic": "clicks"}, "redis": {"url": "redis://127.0.0.1:1/0"},
            "model": {"url": "http://127.0.0.1:1/v1"}}  # fmt: skip
    found = await look(Settings.model_validate(away))
    assert {each.subject for each in found.findings if each.severity is ERROR} == {"kafka", "redis"}
    assert found.settings.kafka.dead_letter_topic == "clicks.dead-letters"


def test_a_file_that_is_there_and_a_password_are_refused(tmp_path: Path) -> None:
    """Nothing is looked at or written then, and the password is not shown."""
    there = tmp_path / "penchant.toml"
    there.write_text("# mine\n")
    ended = CliRunner().invoke(app, ["init", "--topic", "clicks", "--out", str(there)])
    assert (ended.exit_code, there.read_text()) == (2, "# mine\n")
    redis = "redis://me:s3cret@127.0.0.1:1/0"
    ended = CliRunner().invoke(app, ["init", "--topic", "clicks", "--redis", redis, "--out", str(tmp_path / "new")])
    assert ended.exit_code == 2
    assert "PENCHANT_REDIS__PASSWORD_FILE" in ended.output
    assert "s3cret" not in ended.output
    assert not (tmp_path / "new").exists()
