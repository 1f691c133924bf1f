"""Breakages of Kafka, Redis and model servers, one at a time, on real servers: each has one finding, with its cause."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from penchant.operations.doctor.findings import Finding
from sandbox.servers.redis import RedisServer
from storage.rights import RIGHTS, acl
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from tests.fakes.openai_server import OpenAIServer
from tests.kafka import Kafka
from tests.penchant.operations.doctor.breaking import Told, Tree, bad, changed, one, tells

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

PASSWORD = "s3cret"  # noqa: S105 (of a user that lives for a test)


@dataclass
class Installation:
    """A sound one: settings, what doctor has against it all the same, its user of Redis, and what to break it with."""

    kafka: Kafka
    redis: RedisServer
    model: OpenAIServer
    tree: Tree
    user: str
    sound: list[Finding] = field(default_factory=list)

    async def user_with(self, rights: str) -> None:
        """The user has these rights from now on."""
        async with Redis.from_url(self.redis.url) as owner:
            await owner.execute_command(  # type: ignore[no-untyped-call]
                "ACL", "SETUSER", self.user, "reset", "on", f">{PASSWORD}", *rights.split()
            )


@pytest.fixture(scope="module")
async def installation(anyio_backend: str, kafka: Kafka, redis_server: RedisServer) -> AsyncIterator[Installation]:
    """Topics, a user of Redis with a worker's rights, and a model server."""
    if not kafka.real:
        pytest.skip(f"NO REAL KAFKA: only the {kafka.name}")
    name = f"doctor-{uuid4().hex[:8]}"
    model = OpenAIServer()
    await model.start()
    tree: Tree = {
        "kafka": {"bootstrap": kafka.bootstrap, "topic": await events_topic(kafka), "group": name,
                  "dead_letter_topic": await kafka.topic(retention_ms=7 * 86_400_000),
                  "erasure_topic": await kafka.topic(cleanup_policy="compact")},
        "redis": {"url": redis_server.url, "namespace": name, "username": name, "password": PASSWORD,
                  "timeout_s": 5.0},
        "model": {"url": model.url},
    }  # fmt: skip
    made = Installation(kafka, redis_server, model, tree, name)
    try:
        await made.user_with(acl(RIGHTS["worker"], name))
        made.sound = await bad(tree)
        yield made
    finally:
        await model.stop()
        async with Redis.from_url(redis_server.url) as owner:
            await owner.execute_command("ACL", "DELUSER", name)  # type: ignore[no-untyped-call]


async def events_topic(kafka: Kafka, *, keyed: bool = True, **config: object) -> str:
    topic = await kafka.topic(2, retention_ms=7 * 86_400_000, **config)
    events = [ShopperEvent(f"e{number}", f"s{number}", "view", 1_700_000_000_000) for number in range(20)]
    keys = [event.shopper_id.encode() if keyed else b"shop" for event in events]
    await kafka.produce(topic, map(encode, events), keys=keys, timestamp_ms=1_700_000_000_000)
    return topic


def test_a_sound_installation(installation: Installation) -> None:
    """What is left are wishes of a single broker and of a Redis without a disk, and none is an error."""
    assert {each.subject for each in installation.sound} <= {"topic " + installation.tree["kafka"]["topic"], "redis",
                                                             "model"}  # fmt: skip
    assert "ERROR" not in {each.severity.name for each in installation.sound}


SETTINGS: Mapping[str, tuple[Mapping[str, Mapping[str, object]], Told]] = {
    "nothing listens": ({"kafka": {"bootstrap": "127.0.0.1:1"}}, Told("kafka", "nothing listens", "start Kafka")),
    "three that nothing listens at": (
        {"kafka": {"bootstrap": "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3"}},
        Told("kafka", "127.0.0.1:1, 127.0.0.1:2, 127.0.0.1:3: nothing listens", "kafka.bootstrap"),
    ),
    "a name that does not resolve": (
        {"kafka": {"bootstrap": "broker.invalid:9092"}},
        Told("kafka", "its name does not resolve", "correct the name"),
    ),
    "TLS on a plain port": (
        {"kafka": {"security_protocol": "SSL"}},
        Told("kafka", "nobody speaks TLS there", "PLAINTEXT"),
    ),
    "a login where there is none": (
        {"kafka": {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "me", "sasl_password": "x"}},
        Told("kafka", "takes no login", "without SASL"),
    ),
    "a topic that is missing": (
        {"kafka": {"topic": "nowhere"}},
        Told("events", "has no topic nowhere", "make it"),
    ),
    "another dialect": ({"kafka": {"dialect": "ga4"}}, Told("topic", "sampled records", "kafka.dialect")),
    "nobody is Redis": (
        {"redis": {"url": "redis://127.0.0.1:1/0"}},
        Told("redis", "127.0.0.1:1", "start Redis"),
    ),
    "a name of Redis that does not resolve": (
        {"redis": {"url": "redis://redis.invalid:6379/0"}},
        Told("redis", "redis.invalid", "correct redis.url"),
    ),
    "TLS on a plain Redis": (
        {"redis": {"url": "rediss"}},
        Told("redis", "nobody speaks TLS there", "redis://"),
    ),
    "a wrong password": ({"redis": {"password": "wrong"}}, Told("redis", "", "redis.password")),
    "a user that is none": ({"redis": {"username": "nobody"}}, Told("redis", "", "redis.username")),
    "a namespace of others": (
        {"redis": {"namespace": "others"}},
        Told("redis", "may not use the keys others:*", "~others:*"),
    ),
    "another database": ({"redis": {"url": "database 99"}}, Told("redis", "DB index", "redis.url")),
    "no model": ({"model": {"url": "http://127.0.0.1:1/v1"}}, Told("model", "away", "start it")),
    "a model that is not there": (
        {"model": {"name": "giant"}},
        Told("model", "expected model giant, found tiny", "model"),
    ),
    "gRPC where HTTP is spoken": ({"model": {"url": "the address alone"}}, Told("model", "away", "address")),
}
"""What is set wrong, and what doctor says of it."""


@pytest.mark.parametrize("breakage", SETTINGS)
async def test_a_setting_that_is_wrong(breakage: str, installation: Installation) -> None:
    """One finding, which names the cause and what to correct."""
    change, told = SETTINGS[breakage]
    tree = changed(installation.tree, filled(change, installation))
    if breakage == "another dialect":
        told = Told(f"topic {tree['kafka']['topic']}", told.found, told.remedy)
    tells(one(await bad(tree), installation.sound), told)


def filled(change: Mapping[str, Mapping[str, object]], installation: Installation) -> Mapping[str, Any]:
    """With the addresses of this run."""
    urls = {
        "rediss": installation.redis.url.replace("redis", "rediss", 1),
        "database 99": installation.redis.url.replace("/0", "/99"),
        "the address alone": installation.model.url.removeprefix("http://").removesuffix("/v1"),
    }
    return {
        name: {key: urls.get(str(value), value) if key == "url" else value for key, value in values.items()}
        for name, values in change.items()
    }


Break = Callable[[Installation], Awaitable[tuple[Tree, str]]]


async def compacted(here: Installation) -> tuple[Tree, str]:
    topic = await events_topic(here.kafka, cleanup_policy="compact")
    return changed(here.tree, {"kafka": {"topic": topic}}), f"topic {topic}"


async def keyed_otherwise(here: Installation) -> tuple[Tree, str]:
    topic = await events_topic(here.kafka, keyed=False)
    return changed(here.tree, {"kafka": {"topic": topic}}), f"topic {topic}"


async def letters_are_compacted(here: Installation) -> tuple[Tree, str]:
    topic = await here.kafka.topic(cleanup_policy="compact", retention_ms=7 * 86_400_000)
    return changed(here.tree, {"kafka": {"dead_letter_topic": topic}}), f"topic {topic}"


async def erasures_are_not(here: Installation) -> tuple[Tree, str]:
    topic = await here.kafka.topic()
    return changed(here.tree, {"kafka": {"erasure_topic": topic}}), f"topic {topic}"


TOPICS: Mapping[str, tuple[Break, str, str]] = {
    "a compacted event topic": (compacted, "it is compacted", "cleanup.policy=delete"),
    "records that are keyed otherwise": (keyed_otherwise, "are not keyed by their shopper", "penchant rekey"),
    "compacted dead letters": (letters_are_compacted, "it is compacted", "cleanup.policy=delete"),
    "erasures that are deleted": (erasures_are_not, "erasures are forgotten", "cleanup.policy=compact"),
}
"""How the topics are broken, and what doctor says of it."""


@pytest.mark.parametrize("breakage", TOPICS)
async def test_a_topic_that_is_wrong(breakage: str, installation: Installation) -> None:
    """One finding, at the topic."""
    make, found, remedy = TOPICS[breakage]
    tree, subject = await make(installation)
    was = installation.tree["kafka"]["topic"]
    sound = [
        Finding(each.subject.replace(was, tree["kafka"]["topic"]), each.severity, each.found, each.remedy)
        for each in installation.sound
    ]
    tells(one(await bad(tree), sound), Told(subject, found, remedy))


@pytest.mark.parametrize(
    ("without", "found", "remedy"),
    [
        ("+hset", "may not HSET", "+hset"),
        ("+eval", "may not EVAL", "+eval"),
        ("+evalsha", "may not EVALSHA", "+evalsha"),
        ("+info", "may not INFO", "+info"),
        ("+script|load", "may not SCRIPT LOAD", "+script|load"),
        ("+sadd +sscan", "may not SSCAN, SADD", "+sscan +sadd"),
        ("~doctor", "may not use the keys", "~doctor-"),
    ],
)
async def test_a_right_of_redis_that_is_missing(
    without: str, found: str, remedy: str, installation: Installation
) -> None:
    """It is named by its command, or by the pattern of the keys; several at once are one finding."""
    gone = without.split()
    rights = [each for each in acl(RIGHTS["worker"], installation.user).split() if each not in gone]
    if without.startswith("~"):
        rights = [each for each in rights if not each.startswith("~")]
    await installation.user_with(" ".join(rights))
    try:
        tells(one(await bad(installation.tree), installation.sound), Told("redis", found, remedy))
    finally:
        await installation.user_with(acl(RIGHTS["worker"], installation.user))
