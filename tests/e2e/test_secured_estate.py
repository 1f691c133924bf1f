"""An estate where Kafka, Redis and Triton are all guarded, and a worker has no rights but those that are listed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from confluent_kafka.admin import AclOperation as Op
from confluent_kafka.admin import ResourceType as Kind

from penchant.operations.doctor.findings import ERROR, Finding
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers import secured_kafka, secured_redis, secured_triton
from sandbox.servers.authority import Authority
from sandbox.servers.secured_kafka import Rights, SecuredKafka
from sandbox.servers.secured_redis import SecuredRedis
from sandbox.servers.secured_triton import SecuredTriton
from sandbox.shop.producer import EventProducer
from streams.errors import PlatformLacks
from streams.events.decoding import encode
from streams.kafka.options import KafkaOptions
from tests.e2e.shop import events, until
from tests.kafka import SKIPPED
from tests.penchant.operations.doctor.breaking import Told, Tree, bad, changed, one, tells

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.java, pytest.mark.redis, pytest.mark.triton]

READ, WRITE = [Op.READ, Op.DESCRIBE], [Op.WRITE, Op.DESCRIBE]


@dataclass
class Estate:
    """The servers, the settings that get in everywhere, and what doctor has against it all the same. `files` are names
    of a breakage for what it sets in their place."""

    kafka: SecuredKafka
    redis: SecuredRedis
    tree: Tree
    name: str
    rights: Rights
    files: Mapping[str, object]
    sound: list[Finding] = field(default_factory=list)


@pytest.fixture(scope="module")
async def estate(
    anyio_backend: str, needs_triton: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Estate]:
    """Six events of two shoppers wait there."""
    folder, name = tmp_path_factory.mktemp("estate"), f"shop-{uuid4().hex[:8]}"
    authority, foreign = Authority(folder / "authority"), Authority(folder / "foreign")
    try:
        kafka = SecuredKafka(folder / "kafka", authority)
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
    redis = SecuredRedis(folder / "redis", authority, name)
    async with kafka, redis, SecuredTriton(folder / "triton", authority) as triton:
        rights = rights_of(name)
        await asyncio.to_thread(prepare, kafka, name, rights)
        async with EventProducer(KafkaOptions(kafka.address), name) as sender:
            for event in events(2, 3):
                await sender.send(event.shopper_id.encode(), encode(event))
            await sender.flush()
        others = foreign.issue("worker")
        files = {"a foreign authority": str(foreign.ca), "a foreign certificate": str(others.cert),
                 "its key": str(others.key)}  # fmt: skip
        yield Estate(kafka, redis, guarded(kafka, redis, triton, authority, name), name, rights, files)


async def test_a_worker_in_a_guarded_estate(estate: Estate) -> None:
    """Events become intents over TLS alone, with the rights of docs/security.md."""
    async with worker(Settings.model_validate(estate.tree)) as running:

        async def done() -> bool:
            return running.meter.intents - running.meter.rules_intents >= 2

        await until(done)
        assert running.meter.intents - running.meter.rules_intents >= 2


async def test_doctor_has_nothing_against_it(estate: Estate) -> None:
    """Nothing that a worker would stop at, and nothing of rights."""
    wrong = [each for each in await bad(estate.tree) if each.severity == ERROR or "may not" in each.found]
    assert not wrong, wrong


SETTINGS: Mapping[str, tuple[Mapping[str, Mapping[str, object]], Told]] = {
    "Kafka's authority": (
        {"kafka": {"tls": {"ca_file": "a foreign authority"}}}, Told("kafka", "tls.ca_file", "kafka.tls"),
    ),
    "the password of Kafka": (
        {"kafka": {"sasl_password": "wrong"}}, Told("kafka", "the login failed", "correct the login"),
    ),
    "the login to Kafka": (
        {"kafka": {"security_protocol": "SSL"}}, Told("kafka", "asks for a login", "SASL_SSL"),
    ),
    "encryption of Kafka": (
        {"kafka": {"security_protocol": "SASL_PLAINTEXT"}}, Told("kafka", "it speaks TLS", "SASL_SSL"),
    ),
    "the authority of Redis": (
        {"redis": {"tls": {"ca_file": "a foreign authority"}}}, Told("redis", "tls.ca_file", "redis.tls"),
    ),
    "our certificate for Redis": (
        {"redis": {"tls": {"cert_file": "a foreign certificate", "key_file": "its key"}}},
        Told("redis", "", "tls"),  # by TLS 1.3 it may hang up before it says why
    ),
    "the password of Redis": (
        {"redis": {"password": "wrong"}}, Told("redis", "", "redis.password"),
    ),
    "the authority of Triton": (
        {"model": {"tls": {"ca_file": "a foreign authority"}}}, Told("model", "tls.ca_file", "model.tls"),
    ),
    "our certificate for Triton": (
        {"model": {"tls": {"cert_file": "a foreign certificate", "key_file": "its key"}}},
        Told("model", "away", "tls"),
    ),
    "Triton's key": ({"model": {"api_key": "wrong"}}, Told("model", "away", "model.api_key")),
}  # fmt: skip
"""What is taken away of the settings, and what doctor says of it."""


@pytest.mark.parametrize("gone", SETTINGS)
async def test_doctor_names_what_is_set_wrong(gone: str, estate: Estate) -> None:
    """One finding, with its own cause and what to correct."""
    change, told = SETTINGS[gone]
    tree = changed(estate.tree, {name: filled(values, estate, name) for name, values in change.items()})
    tells(one(await bad(tree), await sound(estate)), told)


RIGHTS = {
    "to read events": (Kind.TOPIC, "", "READ", "kafka.topic"),
    "to write dead letters": (Kind.TOPIC, ".dead", "WRITE", "kafka.dead_letter_topic"),
    "to read erasures": (Kind.TOPIC, ".erasures", "READ", "kafka.erasure_topic"),
    "to the group": (Kind.GROUP, "", "READ", "kafka.group"),
}


@pytest.mark.parametrize("gone", RIGHTS)
async def test_doctor_names_a_right_of_kafka_that_is_gone(gone: str, estate: Estate) -> None:
    """One finding, by the right and the setting that it is for."""
    kind, ending, operation, setting = RIGHTS[gone]
    named, before = (kind, f"{estate.name}{ending}"), await sound(estate)
    lost = {named: estate.rights[named]}
    await asyncio.to_thread(estate.kafka.revoke, lost)
    try:
        found = one(await bad(estate.tree), before)
    finally:
        await asyncio.to_thread(estate.kafka.grant, lost)
    assert f"may not {operation} it ({setting})" in found.found
    assert f"grant {operation}" in found.remedy


@pytest.mark.parametrize(("gone", "back", "told"), [("-eval", "+eval", "may not EVAL"), ("-hset", "+hset", "HSET")])
async def test_doctor_names_a_right_of_redis_that_is_gone(gone: str, back: str, told: str, estate: Estate) -> None:
    """One finding, by the command."""
    before = await sound(estate)
    async with estate.redis.owner() as owner:
        await owner.execute_command("ACL", "SETUSER", secured_redis.USER, gone)  # type: ignore[no-untyped-call]
        try:
            tells(one(await bad(estate.tree), before), Told("redis", told, back))
        finally:
            await owner.execute_command("ACL", "SETUSER", secured_redis.USER, back)  # type: ignore[no-untyped-call]


async def sound(estate: Estate) -> list[Finding]:
    """What doctor says while nothing is taken away."""
    estate.sound = estate.sound or await bad(estate.tree)
    return estate.sound


def filled(values: Mapping[str, object], estate: Estate, section: str) -> dict[str, object]:
    """With the files of this run, beside those of the section that stay."""
    tls = values.get("tls")
    if not isinstance(tls, dict):
        return dict(values)
    return {**values, "tls": {**estate.tree[section]["tls"], **{key: estate.files[name] for key, name in tls.items()}}}


def rights_of(name: str) -> Rights:
    """Those of a worker, by docs/security.md."""
    topics = {(Kind.TOPIC, name): READ, (Kind.TOPIC, f"{name}.dead"): WRITE, (Kind.TOPIC, f"{name}.erasures"): READ}
    return {**topics, (Kind.GROUP, name): READ}


def prepare(kafka: SecuredKafka, name: str, rights: Rights) -> None:
    kafka.make_topics(name, f"{name}.dead", f"{name}.erasures")
    kafka.grant(rights)


def guarded(kafka: SecuredKafka, redis: SecuredRedis, triton: SecuredTriton, authority: Authority, name: str) -> Tree:
    """The settings that get in everywhere."""
    ours = authority.issue("worker")
    tls = {"ca_file": str(authority.ca), "cert_file": str(ours.cert), "key_file": str(ours.key)}
    return {
        "kafka": {"bootstrap": kafka.sasl_address, "topic": name, "dead_letter_topic": f"{name}.dead",
                  "erasure_topic": f"{name}.erasures", "group": name, "security_protocol": "SASL_SSL",
                  "sasl_mechanism": "SCRAM-SHA-512", "sasl_username": secured_kafka.USER,
                  "sasl_password": secured_kafka.PASSWORD, "tls": {"ca_file": str(authority.ca)}},
        "redis": {"url": redis.url, "namespace": name, "username": secured_redis.USER,
                  "password": secured_redis.PASSWORD, "tls": tls, "timeout_s": 2.0},
        "model": {"url": triton.grpc_url, "api_key": secured_triton.KEY,
                  "api_key_header": secured_triton.GRPC_HEADER, "tls": tls},
        "triggers": {"debounce_s": 0.1, "max_wait_s": 0.3, "min_interval_s": 0.1},
    }  # fmt: skip
