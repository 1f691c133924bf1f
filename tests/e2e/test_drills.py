"""Drills of docs/drills.md that no other test plays: what operators do after a disaster, by their commands."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from penchant_reader import AsyncIntentReader

from penchant.operations.control import throw
from penchant.operations.doctor.kafka import examine_side_topics
from penchant.operations.forget import forget
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker
from sandbox.servers.apache import ApacheKafka
from sandbox.servers.triton import TritonServer
from storage.erasures import RedisErasures
from storage.keys import Keys
from tests.docs.test_links import ROOT, defined_in
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.fakes.model import ScriptedModel
from tests.kafka import Kafka
from tests.penchant.commands import Ended, run

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

SHOPPERS, NOBODY = 3, "127.0.0.1:1"
ALL = [f"shopper-{number}" for number in range(SHOPPERS)]
ANSWER = '{"m":"gift","t":"Something for somebody","c":[[1,9]],"k":9,"e":[1]}'


def test_each_drill_names_the_test_that_plays_it() -> None:
    """Each chapter of the page has a line with its test, and each drill of this file stands there."""
    page = (ROOT / "docs" / "drills.md").read_text(encoding="utf-8")
    chapters = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert len(chapters) >= 9
    for chapter in chapters:
        played = re.findall(r"^\*Played by\* \[(test_\w+)\]\(\.\./([\w/]+\.py)\)", chapter, re.MULTILINE)
        assert played, chapter.splitlines()[0]
        assert all(name in defined_in(ROOT / file) for name, file in played), played
    ours = defined_in(Path(__file__)) - {"test_each_drill_names_the_test_that_plays_it"}
    assert not [name for name in ours if f"[{name}]" not in page]


@pytest.mark.slow
async def test_a_broker_that_is_killed(
    kafka_of_its_own: ApacheKafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """The worker calls itself alive and not ready, and names Kafka. With the broker back it goes on by itself, and what
    was written then is in the intents, with all from before."""
    kafka = Kafka(kafka_of_its_own.address, kafka_of_its_own.describe())
    topic = await kafka.topic(1)
    settings = make_settings(kafka, topic, NOBODY)
    log = events(SHOPPERS, 4)
    async with worker(settings, ScriptedModel(ANSWER)) as running:
        await send(kafka, topic, 1, log[: 2 * SHOPPERS])
        await until(lambda: _have(settings, 2))
        await kafka_of_its_own.kill()
        await until(lambda: _names(running, "kafka"))
        assert running.instruments.health.alive(asyncio.get_running_loop().time()).ok
        await kafka_of_its_own.start()
        await send(kafka, topic, 1, log[2 * SHOPPERS :])
        await until(lambda: _have(settings, 4), 120)
        await until(lambda: _names(running), 120)


@pytest.mark.slow
async def test_a_model_fleet_that_is_away(kafka: Kafka, make_settings: MakeSettings) -> None:
    """The rules stand in for every model server; when one is back, the model makes their intents anew."""
    topic, log, model = await kafka.topic(1), events(SHOPPERS, 4), ScriptedModel(ANSWER)
    settings = make_settings(kafka, topic, NOBODY, calls={"give_up_s": 1})
    async with worker(settings, model) as running:
        await send(kafka, topic, 1, log[: 2 * SHOPPERS])
        await until(lambda: _have(settings, 2, source="model"))
        model.away = True
        await send(kafka, topic, 1, log[2 * SHOPPERS :])
        await until(lambda: _have(settings, 4, source="rules"))
        await until(lambda: _names(running, "model"))
        assert running.instruments.health.alive(asyncio.get_running_loop().time()).ok
        model.away = False
        await until(lambda: _have(settings, 4, source="model"))
        await until(lambda: _names(running))


@pytest.mark.slow
@pytest.mark.triton
async def test_a_wrong_prompt_that_was_released(
    real_kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """A switch takes the running fleet back to the last good prompt, and a replay makes everybody's intent by it."""
    topic, log = await real_kafka.topic(1), events(SHOPPERS, 3)
    settings = make_settings(real_kafka, topic, model_server.grpc_address, prompt={"version": "v2"})
    async with worker(settings):
        await send(real_kafka, topic, 1, log[: 2 * SHOPPERS])
        await until(lambda: _have(settings, 2, prompt_version="v2"))
        await throw(settings, "prompt-version", "v1", "ada@desk", "v2 asks the wrong thing")
        await _ran(settings, tmp_path, "replay", "--live", "--yes", "--from", "1h", "--prompt-version", "v1")
        await until(lambda: _have(settings, 2, prompt_version="v1"))
        await send(real_kafka, topic, 1, log[2 * SHOPPERS :])
        await until(lambda: _have(settings, 3, prompt_version="v1"))
        assert not await _have(settings, 3, prompt_version="v2")


@pytest.mark.slow
async def test_an_erasure_topic_that_was_lost(real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path) -> None:
    """While Redis is there, who was erased stays so. The erasures that the receipts name are asked for once more, and
    outlive a lost Redis again, though the whole log is read anew."""
    topic, log = await real_kafka.topic(1), events(SHOPPERS, 3)
    settings = make_settings(real_kafka, topic, NOBODY)
    await send(real_kafka, topic, 1, log[: 2 * SHOPPERS])
    async with worker(settings, ScriptedModel(ANSWER)):
        await until(lambda: _have(settings, 2))
        [receipt] = (await forget(settings, ["shopper-0"])).receipts
        assert receipt.erasure_topic == settings.kafka.erasure_topic
        await until(lambda: _taken_over(settings))
        await asyncio.to_thread(_delete, real_kafka, settings.kafka.erasure_topic)
        await until(lambda: _doctor_says(settings, "Redis alone still has them"))
        await send(real_kafka, topic, 1, log[2 * SHOPPERS :])
        await until(lambda: _have(settings, 3, ALL[1:]))
        await until(lambda: _have(settings, 1, ALL[:1]))
        assert (await _ran(settings, tmp_path, "forget", receipt.shopper, "--json")).report["erased"]
        await until(lambda: _gone(settings, "shopper-0"))
    await _lose(settings)
    await real_kafka.commit(settings.kafka.group, topic, 0)
    async with worker(settings, ScriptedModel(ANSWER)):
        await until(lambda: _have(settings, 3, ALL[1:]))
        assert await _gone(settings, "shopper-0")


@pytest.mark.slow
async def test_more_partitions_by_a_new_topic(real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path) -> None:
    """A rekey goes on where the workers stopped; after the bump they read the new topic, and every history goes on."""
    topic, log = await real_kafka.topic(1), events(SHOPPERS, 4)
    settings = make_settings(real_kafka, topic, NOBODY)
    wider = f"{topic}-5"
    async with worker(settings, ScriptedModel(ANSWER)):
        await send(real_kafka, topic, 1, log[: 2 * SHOPPERS])
        await until(lambda: _committed(real_kafka, settings, 2 * SHOPPERS))
    await send(real_kafka, topic, 1, log[2 * SHOPPERS :])
    moving = ["--from", topic, "--to", wider, "--group", settings.kafka.group, "--create-topic", "--partitions", "5"]
    moved = await _ran(settings, tmp_path, "rekey", *moving, "--until-end", "--json")
    assert moved.report["written"] == 2 * SHOPPERS
    group = f"{settings.kafka.group}-5"
    later = settings.model_copy(update={"kafka": replace(settings.kafka, topic=wider, group=group)})
    await _ran(later, tmp_path, "lineage", "bump", "--yes", "--json")
    async with worker(later, ScriptedModel(ANSWER)):
        await until(lambda: _have(later, 4))


async def _have(settings: Settings, count: int, who: Sequence[str] = ALL, **wanted: str) -> bool:
    """Whether each of these has an intent of so many events, and of such fields."""
    found = await _intents(settings)
    docs = [found[each] for each in who if each in found]
    return len(docs) == len(who) and all(
        doc["window"]["events"] == count and {name: doc[name] for name in wanted} == wanted for doc in docs
    )


async def _gone(settings: Settings, shopper: str) -> bool:
    return shopper not in await _intents(settings)


async def _intents(settings: Settings) -> dict[str, Mapping[str, Any]]:
    async with AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=5) as reader:
        found = await reader.get_many(ALL, fields="doc")
    return {intent.shopper: intent.doc for intent in found if not intent.missing}


async def _names(running: Worker, *away: str) -> bool:
    """Whether the worker names just these as away."""
    vitals = running.instruments.health.vitals
    return vitals is not None and vitals.away.keys() == set(away)


async def _taken_over(settings: Settings) -> bool:
    """Whether a worker has taken an erasure over."""
    redis = settings.redis.connect()
    try:
        return bool((await RedisErasures(redis, Keys(settings.redis.namespace), 5.0).reached()).offsets)
    finally:
        await redis.aclose()


async def _doctor_says(settings: Settings, text: str) -> bool:
    return any(text in finding.found for finding in await examine_side_topics(settings))


async def _committed(kafka: Kafka, settings: Settings, offset: int) -> bool:
    return await kafka.committed(settings.kafka.group, settings.kafka.topic) == offset


async def _lose(settings: Settings) -> None:
    redis = settings.redis.connect()
    try:
        await redis.delete(*await redis.keys(f"{settings.redis.namespace}:*"))
    finally:
        await redis.aclose()


def _delete(kafka: Kafka, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.delete_topics([topic], operation_timeout=30)[topic].result(30)


async def _ran(settings: Settings, folder: Path, *arguments: str) -> Ended:
    """Run a command with these settings; it must end well."""
    kafka, redis = settings.kafka, settings.redis
    ended = await run(
        folder,
        {
            "KAFKA__BOOTSTRAP": kafka.bootstrap,
            "KAFKA__TOPIC": kafka.topic,
            "KAFKA__GROUP": kafka.group,
            "KAFKA__DEAD_LETTER_TOPIC": kafka.dead_letter_topic,
            "KAFKA__ERASURE_TOPIC": kafka.erasure_topic,
            "REDIS__URL": redis.url,
            "REDIS__NAMESPACE": redis.namespace,
            "MODEL__URL": settings.model.url,
        },
        *arguments,
    )
    assert ended.status == 0, ended.err
    return ended
