"""The rights of docs/security.md in Redis: each role does its work with its lines, and is told of one that is gone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from penchant_reader import AsyncIntentReader
from redis.asyncio import Redis

from agents.replay.calls import ReplayCounts
from penchant.offline.jobs.run import job_runner
from penchant.offline.products.run import cards
from penchant.operations.audience import Listing, audience
from penchant.operations.control import activity, fleet_status, note_replay, note_shoppers, put_back, throw
from penchant.operations.doctor.findings import ERROR
from penchant.operations.doctor.rights import examine_redis
from penchant.operations.forget import forget
from penchant.operations.inspection.shopper_report import gather
from penchant.operations.inspection.stalest import stalest
from penchant.operations.jobs import JobAsked, find_job, move, submit
from penchant.operations.replay.held import differences, held_replays
from penchant.operations.replay.plan import ReplayPlan
from penchant.operations.replay.progress import Progress
from penchant.operations.replay.run import replay
from penchant.operations.rights.page import PAGE as NAME
from penchant.operations.rights.page import whole
from penchant.operations.rights.roles import ROLES
from penchant.serve.service import serving
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.redis import RedisServer
from sandbox.servers.triton import TritonServer
from streams.errors import SettingInvalid
from streams.events.event import ShopperEvent
from streams.events.privacy import PrivacyRules
from streams.kafka.moments import Moment
from streams.records.cards import Card
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka
from tests.penchant.operations.rights.page_lines import PAGE, kafka_lines, redis_lines

pytestmark = pytest.mark.redis

REQUEST = orjson.dumps(
    {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"prompt": "Which blue?"}}
).decode()
PASSWORD = "s3cret"  # noqa: S105 (of users that live for a test)


@pytest.fixture(scope="module")
async def redis(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    """A Redis with a user for each role, who has what the page says."""
    async with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        for role, rights in redis_lines().items():
            await give(server, role, rights)
        yield server


async def give(server: RedisServer, user: str, rights: str) -> None:
    async with Redis.from_url(server.url) as owner:
        words = ("reset", "on", f">{PASSWORD}", *rights.split())
        await owner.execute_command("ACL", "SETUSER", user, *words)  # type: ignore[no-untyped-call]


def login(server: RedisServer, role: str) -> dict[str, Any]:
    return {"url": server.url, "username": role, "password": PASSWORD, "timeout_s": 5.0}


def test_the_page_has_the_lines_of_the_code() -> None:
    """It is made from the roles, and says of each what they say."""
    assert PAGE.read_text() == whole(PAGE.read_text()), f"make {NAME} anew"
    assert set(redis_lines()) == {name for name, role in ROLES.items() if role.redis}
    said = {name: [(each.operation, each.kind, each.setting) for each in role.kafka] for name, role in ROLES.items()}
    assert kafka_lines() == said


@pytest.mark.kafka
@pytest.mark.triton
async def test_each_role_does_its_work(
    redis: RedisServer, real_kafka: Kafka, model_server: TritonServer, tmp_path: Path
) -> None:
    """A worker that learns, switches, readers, an inspection, an erasure and a replay, each as its own user."""
    topic = await real_kafka.topic(1)
    kafka = {"bootstrap": real_kafka.bootstrap, "topic": topic, "group": topic,
             "dead_letter_topic": await real_kafka.topic(), "erasure_topic": await real_kafka.topic()}  # fmt: skip

    def settings(role: str) -> Settings:
        tree = {"kafka": kafka, "redis": login(redis, role), "model": {"url": model_server.grpc_address},
                "serve": {"port": 0}, "learning": {"enabled": True}, "knowledge": {"enabled": True},
                "answers": {"share": 1.0},
                "prompt": {"version": "v2"},
                "triggers": {"debounce_s": 0.1, "max_wait_s": 0.3, "min_interval_s": 0.1}}  # fmt: skip
        return Settings.model_validate(tree)

    await send(real_kafka, topic, 1, events(3, 3))
    async with worker(settings("worker")) as running:
        await until(lambda: has(running, 3))
        await operate(settings("operator"))
        assert (await gather(settings("viewer"), "shopper-1")).intent is not None
        assert (await stalest(settings("viewer"), 3, 100))[1] == 3
        await interest(redis, settings("viewer"), settings("privacy"))
        await read(redis)
        await match(settings("serve"))
        await match(settings("batches"))
        await stock(settings("products"))
        await work(settings("operator"), settings("jobs"), settings("batches"), tmp_path)
        [receipt] = (await forget(settings("privacy"), ["shopper-0"])).receipts
        assert receipt.places[0].intents == 1
        await note_shoppers(settings("privacy"), "erasure", "forget", ["shopper-0"], "vera")
        newest, *_ = await activity(settings("operator"), 9)
        assert (newest.kind, newest.value, newest.who, "shopper" in newest.name) == ("erasure", "forget", "vera", False)
        late = events(3, 4)[9:]
        await send(real_kafka, topic, 1, late)
        await until(lambda: known(redis, late))
    plan = ReplayPlan(Moment(offset=0), Moment(), "penchant-replay")
    await note_replay(settings("replay"), plan.namespace, "penchant replay", "rita")
    assert (await replay(settings("replay"), plan, Progress(ReplayCounts()))).tally.intents
    assert [each.namespace for each in await held_replays(settings("viewer"))] == ["penchant-replay"]
    assert (await differences(settings("viewer"), "penchant-replay")).comparison.both
    assert await refused(redis) == []


async def work(operator: Settings, runner: Settings, batches: Settings, folder: Path) -> None:
    """Jobs are submitted, paused, resumed and cancelled, and a runner brings one to its end."""
    (folder / "requests.jsonl").write_text(REQUEST)
    other = await submit(batches, JobAsked("requests", folder / "requests.jsonl", folder, "requests"), "sara")
    await move(batches, other.id, "cancel", "sara")
    job = await submit(operator, JobAsked("requests", folder / "requests.jsonl", folder, "requests"), "olga")
    await move(operator, job.id, "pause", "olga")
    await move(operator, job.id, "resume", "olga")
    async with job_runner(runner, at_once=1, simulated=True) as running:
        await running.run(asyncio.Event(), once=True)
    assert (await find_job(operator, job.id)).state == "done"


async def refused(redis: RedisServer) -> list[Any]:
    """What Redis refused to anybody, silently or not; clients tell it their names, and do without."""
    async with Redis.from_url(redis.url) as owner:
        log = await owner.acl_log()
    return [(each["username"], each["object"]) for each in log if each["object"] != "client"]


async def has(running: Any, intents: int) -> bool:
    return int(running.meter.intents) >= intents


async def known(redis: RedisServer, late: Sequence[ShopperEvent]) -> bool:
    """Whether each of these is in its shopper's intent; what counts writes leaves out those under way at a rewind."""
    async with AsyncIntentReader(as_reader(redis), timeout_s=5.0) as reader:
        found = [(await reader.get(event.shopper_id), event) for event in late]
    return all(not each.missing and (each.as_of_ms or 0) >= event.time_ms for each, event in found)


def as_reader(redis: RedisServer) -> str:
    return redis.url.replace("redis://", f"redis://reader:{PASSWORD}@")


async def operate(settings: Settings) -> None:
    await throw(settings, "rules_only", "on", "otto")
    assert (await fleet_status(settings)).workers
    assert await put_back(settings, "rules_only", "otto")
    assert [entry.value for entry in await activity(settings, 9)] == ["clear", "on"]


async def read(redis: RedisServer) -> None:
    async with AsyncIntentReader(as_reader(redis), timeout_s=5.0) as reader:
        assert not (await reader.get("shopper-1")).missing


async def interest(redis: RedisServer, viewer: Settings, privacy: Settings) -> None:
    """Counts for one, ids for the other: too few agreed."""
    async with Redis.from_url(redis.url) as owner:
        await owner.set("penchant:{k1}:card", '{"category": "home"}')
    assert (await audience(viewer, "k1", 100)).cost.looked_at == 3
    listing = privacy.model_copy(update={"privacy": PrivacyRules(audience_ids=True)})
    with pytest.raises(SettingInvalid, match="fewer than"):
        await audience(listing, "k1", 100, Listing("vera"))


async def stock(settings: Settings) -> None:
    async with cards(settings) as shelf:
        await shelf.write({"k2": Card(brand="Tarn")}, {"k2": "blue", "k3": ""})
        await shelf.remove(["k2"])


async def match(settings: Settings) -> None:
    async with serving(settings) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
        answer = await client.post("/v1/match", json={"shopper": "shopper-1", "candidates": ["k1"]})
        assert (answer.status_code, len(answer.json()["matches"])) == (200, 1)
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("role", redis_lines())
async def test_a_line_that_is_missing_is_named(role: str, redis: RedisServer) -> None:
    """One finding, by the command or by the pattern of keys; with all lines there is none, and nothing is changed."""
    settings = Settings.model_validate({"redis": login(redis, role)})
    rights = redis_lines()[role].split()
    try:
        for line in rights:
            if line[0] not in "+~" or line in UNASKED:
                continue
            await give(redis, role, " ".join(each for each in rights if each != line))
            [finding] = await examine_redis(settings, ROLES[role])
            assert (finding.severity, line in finding.remedy.split()) == (ERROR, True), (line, finding)
    finally:
        await give(redis, role, " ".join(rights))
    async with Redis.from_url(redis.url) as owner:
        before = await owner.execute_command("KEYS", "*")  # type: ignore[no-untyped-call]
        assert await examine_redis(settings, ROLES[role]) == []
        assert await owner.execute_command("KEYS", "*") == before  # type: ignore[no-untyped-call]


UNASKED = frozenset({"+select", "+cluster|slots", "+command", "+asking"})
"""For another database, and for a cluster: not here."""
