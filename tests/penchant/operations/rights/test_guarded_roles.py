"""The rights of docs/security.md in Kafka: each role does its work with its lines, and is told of one that is gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AclOperation, ResourceType

from agents.replay.calls import ReplayCounts
from penchant.offline.export.outcomes import Wanted
from penchant.offline.export.run import export
from penchant.offline.products.announcing import announcing
from penchant.offline.products.follow import follow
from penchant.offline.products.run import Asked, cards
from penchant.operations.activity_topic import copy_activity
from penchant.operations.audience import audience
from penchant.operations.control import put_back, throw
from penchant.operations.dead_letters import redrive
from penchant.operations.dead_letters.judge import RedrivePlan
from penchant.operations.doctor.examination import checks_of, examine
from penchant.operations.doctor.findings import ERROR, Finding
from penchant.operations.forget import forget
from penchant.operations.inspection.shopper_report import gather
from penchant.operations.replay.plan import ReplayPlan
from penchant.operations.replay.progress import Progress
from penchant.operations.replay.run import replay
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.authority import Authority
from sandbox.servers.redis import RedisServer
from sandbox.servers.secured_kafka import PASSWORD, SecuredKafka
from sandbox.servers.triton import TritonServer
from sandbox.shop.producer import EventProducer
from streams.errors import PlatformLacks
from streams.events.decoding import encode
from streams.events.dialects import dialect
from streams.kafka.moments import Moment
from streams.kafka.reader import TopicReader
from tests.agents.match.intents import KETTLE
from tests.e2e.shop import events, until
from tests.kafka import SKIPPED
from tests.penchant.operations.rights.page_lines import kafka_lines

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.java, pytest.mark.redis, pytest.mark.triton]

KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "transactional id": ResourceType.TRANSACTIONAL_ID}
LINES = kafka_lines()

Line = tuple[str, str, str]
Tree = dict[str, Any]


@dataclass
class Estate:
    """A broker that gives nobody a right by itself, and settings by which everything would be reached."""

    kafka: SecuredKafka
    tree: Tree

    async def user(self, lines: Iterable[Line]) -> Settings:
        """The settings of a new user, who has these rights."""
        name = f"user-{uuid4().hex[:8]}"
        await asyncio.to_thread(self.kafka.set_scram_password, PASSWORD, name)
        rights: dict[tuple[ResourceType, str], list[AclOperation]] = {}
        for operation, kind, setting in lines:
            resource = self.tree["kafka"][setting.removeprefix("kafka.")]
            resource += "-redrive" if kind == "transactional id" else ""
            rights.setdefault((KINDS[kind], resource), []).append(AclOperation[operation])
        if rights:
            await asyncio.to_thread(self.kafka.grant, rights, name)
        return Settings.model_validate(self.tree | {"kafka": self.tree["kafka"] | {"sasl_username": name}})


@pytest.fixture(scope="module")
async def estate(
    anyio_backend: str, redis_server: RedisServer, model_server: TritonServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Estate]:
    """All topics that a setting can name are there."""
    folder, name = tmp_path_factory.mktemp("estate"), f"shop-{uuid4().hex[:8]}"
    try:
        authority = Authority(folder / "authority")
        kafka = SecuredKafka(folder / "kafka", authority)
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
    topics = {"topic": name, "dead_letter_topic": f"{name}.dead", "erasure_topic": f"{name}.erasures",
              "intents_topic": f"{name}.intents", "history_topic": f"{name}.history",
              "activity_topic": f"{name}.activity", "products_topic": f"{name}.products",
              "cards_topic": f"{name}.cards", "impressions_topic": f"{name}.impressions"}  # fmt: skip
    async with kafka:
        await asyncio.to_thread(kafka.make_topics, *topics.values())
        login = {"bootstrap": kafka.sasl_address, "security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512",
                 "sasl_password": PASSWORD, "tls": {"ca_file": str(authority.ca)}}  # fmt: skip
        tree = {"kafka": {**login, **topics, "group": name, "impressions_group": f"{name}-impressions"},
                "redis": {"url": redis_server.url, "namespace": name, "timeout_s": 5.0},
                "model": {"url": model_server.grpc_address},
                "triggers": {"debounce_s": 0.1, "max_wait_s": 0.3, "min_interval_s": 0.1}}  # fmt: skip
        yield Estate(kafka, tree)


async def sell(settings: Settings) -> None:
    async with EventProducer(settings.kafka.options, settings.kafka.topic) as sender:
        for event in events(2, 3):
            await sender.send(event.shopper_id.encode(), encode(event))
        await sender.send(b"nobody", b"not an event")
        await sender.flush()


async def work(settings: Settings) -> None:
    async with worker(settings) as running:

        async def done() -> bool:
            return running.meter.intents >= 2 and running.meter.dead_letters == 1

        await until(done)


async def look(settings: Settings) -> None:
    report = await gather(settings, "shopper-1")
    assert (report.intent is not None, report.notes) == (True, [])
    async with cards(settings) as shelf:
        await shelf.write({"sku-1": KETTLE})
    assert (await audience(settings, "sku-1", 100, source="topic")).cost.looked_at > 0


async def rehearse(settings: Settings) -> None:
    plan = ReplayPlan(Moment(offset=0), Moment(), f"{settings.redis.namespace}-replay")
    assert (await replay(settings, plan, Progress(ReplayCounts()))).tally.intents == 2


async def erase(settings: Settings) -> None:
    [receipt] = (await forget(settings, ["shopper-1"])).receipts
    sent = {place.name: place.tombstones for place in receipt.places if place.store == "kafka"}
    assert sent.pop(settings.kafka.impressions_topic or "") == 0
    assert set(sent.values()) == {1}


async def send_back(settings: Settings) -> None:
    plan = RedrivePlan(settings.kafka.topic, dialect("native", keyed=True))
    done = await redrive.redrive(settings.kafka, plan, lambda _: None)
    assert (done.letters, done.retention_known) == (1, True)


async def decide(settings: Settings) -> None:
    await throw(settings, "rules-only", "on", "ada")
    await put_back(settings, "rules-only", "ada")
    assert await copy_activity(settings) == 0  # the topic has both


async def stock(settings: Settings) -> None:
    with TemporaryDirectory() as folder:
        asked = Asked(None, Path(folder), at_once=1, url=None, simulated=True)
        assert (await follow(settings, asked, once=True)).rejected == 0


async def announce(settings: Settings) -> None:
    async with announcing(settings.kafka) as cards:
        await cards.append((), ["k1"])


async def send_out(settings: Settings) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        await asyncio.to_thread((folder / "labels.csv").write_text, "shopper,time\nshopper-0,1700000000000\n")
        wanted = Wanted("shopper", "time", 1_000)
        sent = await export(settings, folder / "labels.csv", folder / "out.csv", "shopper", "time", outcomes=wanted)
        assert (sent.records > 0, sent.with_outcome) == (True, 1)
    async with TopicReader(settings.kafka.options) as reader:
        assert sum((await reader.log(settings.kafka.cards_topic or "")).ends) > 0


WORK: Mapping[str, Callable[[Settings], Awaitable[None]]] = {
    "shop": sell, "worker": work, "viewer": look, "replay": rehearse, "redrive": send_back, "privacy": erase,
    "operator": decide, "batches": decide, "products": stock, "jobs": announce, "export": send_out,
}  # fmt: skip
"""In the order of a day: each finds what the ones before left."""


async def test_each_role_does_its_work(estate: Estate) -> None:
    """With the page's lines alone; doctor misses nothing then."""
    assert set(WORK) == {role for role, lines in LINES.items() if lines}
    for role, does in WORK.items():
        settings = await estate.user(LINES[role])
        await does(settings)
        assert wrong(await examine(settings, checks_of(role))) == []


@pytest.mark.parametrize(("role", "line"), [(role, line) for role, lines in LINES.items() for line in lines])
async def test_a_line_that_is_missing_is_named(role: str, line: Line, estate: Estate) -> None:
    """One finding, by operation and name; of the transactional id the work itself says it."""
    settings = await estate.user(each for each in LINES[role] if each != line)
    operation, kind, setting = line
    if kind == "transactional id":
        with pytest.raises(Exception, match="the transactional id"):
            await WORK[role](settings)
        return
    [found] = wrong(await examine(settings, checks_of(role)))
    name = estate.tree["kafka"][setting.removeprefix("kafka.")]
    assert found.subject == f"{kind} {name}"
    assert f"we may not {operation} it ({setting})" in found.found
    assert f"grant {operation} on the {kind} {name}" in found.remedy


async def test_a_redrive_that_may_not_ask_how_long_a_topic_keeps_says_so(estate: Estate) -> None:
    """It goes on as it can."""
    settings = await estate.user(each for each in LINES["redrive"] if each[0] != "DESCRIBE_CONFIGS")
    plan = RedrivePlan(settings.kafka.topic, dialect("native", keyed=True))
    looked = await redrive.rehearse(settings.kafka, plan, lambda _: None)
    assert not looked.retention_known
    assert "grant DESCRIBE_CONFIGS" in looked.words(dry_run=True)


def wrong(findings: Iterable[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity == ERROR]
