"""Every way into a guarded Kafka: a worker enriches with no more rights than docs/security.md lists."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AclOperation as Op
from confluent_kafka.admin import ResourceType as Kind

from penchant.operations.doctor import brokers
from penchant.operations.doctor.findings import ERROR, INFO
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.authority import Authority
from sandbox.servers.redis import RedisServer
from sandbox.servers.secured_kafka import PASSWORD, USER, SecuredKafka
from sandbox.servers.triton import TritonServer
from sandbox.shop.producer import EventProducer
from streams.errors import PlatformLacks
from streams.events.decoding import encode
from streams.kafka.options import KafkaOptions
from streams.kafka.producer import producing
from tests.e2e.shop import events, until
from tests.fakes.token_endpoint import CLIENT, TokenEndpoint
from tests.kafka import SKIPPED

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.java]

SECRET = "s3cret-of-the-client"  # noqa: S105 (of an endpoint on loopback)


@dataclass(frozen=True)
class Estate:
    """The broker, who signs certificates, where tokens come from, and a folder for secrets."""

    kafka: SecuredKafka
    authority: Authority
    tokens: TokenEndpoint
    folder: Path

    def file(self, text: str) -> str:
        """A file with a secret."""
        path = self.folder / uuid4().hex
        path.write_text(f"{text}\n")
        return str(path)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenEndpoint]:
    """A token endpoint."""
    with TokenEndpoint(tmp_path_factory.mktemp("tokens"), USER, SECRET) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
async def estate(
    anyio_backend: str, tokens: TokenEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Estate]:
    """A guarded broker; needs a JDK and openssl."""
    folder = tmp_path_factory.mktemp("estate")
    try:
        authority = Authority(folder / "authority")
        server = SecuredKafka(folder / "kafka", authority, tokens.jwks_url)
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
    async with server:
        yield Estate(server, authority, tokens, folder)


def tls(estate: Estate) -> dict[str, object]:
    return {"bootstrap": estate.kafka.tls_address, "security_protocol": "SSL", "tls": {"ca_file": estate.authority.ca}}


def mtls(estate: Estate) -> dict[str, object]:
    ours = estate.authority.issue(USER, "pass of the key")
    files = {"ca_file": str(estate.authority.ca), "cert_file": str(ours.cert), "key_file": str(ours.key)}
    files |= {"key_password_file": estate.file("pass of the key")}
    return {"bootstrap": estate.kafka.mtls_address, "security_protocol": "SSL", "tls": files}


def sasl(estate: Estate, mechanism: str, **login: object) -> dict[str, object]:
    return {"bootstrap": estate.kafka.sasl_address, "security_protocol": "SASL_SSL", "sasl_mechanism": mechanism,
            "tls": {"ca_file": estate.authority.ca}, **login}  # fmt: skip


def plain(estate: Estate) -> dict[str, object]:
    return sasl(estate, "PLAIN", sasl_username=USER, sasl_password=PASSWORD)


def scram(estate: Estate) -> dict[str, object]:
    return sasl(estate, "SCRAM-SHA-512", sasl_username=USER, sasl_password_file=estate.file(PASSWORD))


def oauth(estate: Estate) -> dict[str, object]:
    client = {"token_url": estate.tokens.token_url, "client_id": CLIENT, "client_secret_file": estate.file(SECRET)}
    return sasl(estate, "OAUTHBEARER", oauth=client)


def hook(estate: Estate) -> dict[str, object]:
    HOOKED.append(estate.tokens)
    return sasl(estate, "OAUTHBEARER", oauth={"token_hook": f"{__name__}:hooked"})


HOOKED: list[TokenEndpoint] = []


def hooked() -> tuple[str, float]:
    """A hook as one for MSK's IAM is: a token, and when it expires."""
    return HOOKED[-1].token(), 4e12


WAYS: Mapping[str, tuple[Callable[[Estate], dict[str, object]], str]] = {
    "TLS": (tls, "by SSL"),
    "mTLS": (mtls, "with our certificate"),
    "PLAIN": (plain, "PLAIN as penchant"),
    "SCRAM": (scram, "SCRAM-SHA-512 as penchant"),
    "OAUTHBEARER": (oauth, "OAUTHBEARER as penchant-client"),
    "OAUTHBEARER by a hook": (hook, "OAUTHBEARER"),
}
"""The settings, and what doctor says of them."""


@pytest.mark.parametrize("way", WAYS)
async def test_a_worker_enriches(
    way: str, estate: Estate, redis_server: RedisServer, model_server: TritonServer
) -> None:
    """Group, dead letters, erasures and history by each way in, with the rights of docs/security.md and no others; and
    doctor says how it got in."""
    name = uuid4().hex[:12]
    topics = {"topic": name, "dead_letter_topic": f"{name}.dead", "erasure_topic": f"{name}.erasures",
              "history_topic": f"{name}.history"}  # fmt: skip
    make, manner = WAYS[way]
    await asyncio.to_thread(prepare, estate.kafka, topics)
    settings = Settings.model_validate(
        {
            "kafka": {**make(estate), **topics, "group": name, "client_rack": "a"},
            "redis": {"url": redis_server.url, "namespace": name},
            "model": {"url": model_server.grpc_address},
            "triggers": {"debounce_s": 0.1, "max_wait_s": 0.3, "min_interval_s": 0.1},
        }
    )
    async with EventProducer(KafkaOptions(estate.kafka.address), name) as sender:
        for event in events(2, 3):
            await sender.send(event.shopper_id.encode(), encode(event))
        await sender.send(b"nobody", b"not an event")
        await sender.flush()
    [found] = await brokers.examine(settings)
    assert (found.severity, manner in found.found) == (INFO, True)
    async with worker(settings) as running:

        async def done() -> bool:
            return running.meter.intents >= 2 and running.meter.dead_letters == 1

        await until(done)


def prepare(kafka: SecuredKafka, topics: Mapping[str, str]) -> None:
    """The topics, and the rights that docs/security.md lists for a worker."""
    kafka.make_topics(*topics.values())
    read, write = [Op.READ, Op.DESCRIBE], [Op.WRITE, Op.DESCRIBE]
    kafka.grant(
        {
            (Kind.TOPIC, topics["topic"]): read,
            (Kind.GROUP, topics["topic"]): read,
            (Kind.TOPIC, topics["dead_letter_topic"]): write,
            (Kind.TOPIC, topics["erasure_topic"]): read,
            (Kind.TOPIC, topics["history_topic"]): write,
        }
    )


def strange(estate: Estate) -> dict[str, object]:
    """A certificate of an authority that the broker does not know."""
    theirs = Authority(estate.folder / uuid4().hex).issue(USER)
    return {"ca_file": str(estate.authority.ca), "cert_file": str(theirs.cert), "key_file": str(theirs.key)}


FAULTS: Mapping[str, tuple[Callable[[Estate], dict[str, object]], str]] = {
    "no CA": (lambda estate: tls(estate) | {"tls": {}}, "tls.ca_file"),
    "TLS on a plain port": (lambda e: tls(e) | {"bootstrap": e.kafka.address}, "nobody speaks TLS there"),
    "plain on a TLS port": (lambda estate: {"bootstrap": estate.kafka.tls_address}, "it speaks TLS"),
    "no certificate": (lambda e: mtls(e) | {"tls": {"ca_file": e.authority.ca}}, "asks for our certificate"),
    "wrong password": (lambda estate: plain(estate) | {"sasl_password": "wrong"}, "the login failed"),
    "wrong SCRAM password": (lambda e: scram(e) | {"sasl_password_file": e.file("wrong")}, "the login failed"),
    "wrong mechanism": (lambda estate: plain(estate) | {"sasl_mechanism": "SCRAM-SHA-256"}, "kafka.sasl_mechanism"),
    "wrong client": (lambda e: sasl(e, "OAUTHBEARER", oauth={"token_url": e.tokens.token_url, "client_id": CLIENT,
                                                             "client_secret": "wrong"}), "invalid_client"),
    "no endpoint": (lambda e: sasl(e, "OAUTHBEARER", oauth={"token_url": "http://127.0.0.1:1/", "client_id": CLIENT,
                                                            "client_secret": "x"}), "token endpoint"),
    "another's certificate": (lambda e: mtls(e) | {"tls": strange(e)}, "does not accept our certificate"),
    "no login": (lambda e: tls(e) | {"bootstrap": e.kafka.sasl_address}, "asks for a login"),
    "a login where there is none": (lambda e: plain(e) | {"bootstrap": e.kafka.tls_address}, "takes no login"),
    "nobody there": (lambda _: {"bootstrap": "127.0.0.1:1"}, "kafka.bootstrap"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_doctor_names_the_cause(fault: str, estate: Estate) -> None:
    """Each fault of a connection has a finding of its own, with the setting to correct."""
    make, part = FAULTS[fault]
    [found] = await brokers.examine(Settings.model_validate({"kafka": make(estate)}))
    assert found.severity == ERROR
    assert part in f"{found.found} {found.remedy}"


async def test_a_password_that_changes_is_read_again(estate: Estate) -> None:
    """A producer that lives on gets in by the new one when the broker has ended its connections."""
    topic, path = f"events-{uuid4().hex[:8]}", Path(estate.file(PASSWORD))
    await asyncio.to_thread(prepare_one, estate.kafka, topic)
    settings = Settings.model_validate({"kafka": scram(estate) | {"sasl_password_file": str(path)}})
    async with producing(settings.kafka.options) as producer:
        assert await producer.send(topic, None, b"by the old one") == 0
        await asyncio.to_thread(estate.kafka.set_scram_password, "another")
        try:
            await asyncio.to_thread(path.write_text, "another")
            for connection in list(producer._producer.client._conns.values()):
                connection.close()
            assert await producer.send(topic, None, b"by the new one") == 1
        finally:
            await asyncio.to_thread(estate.kafka.set_scram_password, PASSWORD)


def prepare_one(kafka: SecuredKafka, topic: str) -> None:
    kafka.make_topics(topic)
    kafka.grant({(Kind.TOPIC, topic): [Op.WRITE, Op.DESCRIBE]})
