"""A topic of products followed: what changes is written, what was done is not done again, and nothing is lost."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agents.products.understanding import Understanding
from clients.calls import Sampling
from penchant.offline.products.announcing import CardsTopic
from penchant.offline.products.following import Follower, Source
from penchant.offline.products.kept import kept
from sandbox.servers.redis import RedisServer
from storage.cards import RedisCards
from storage.connection import connect
from storage.keys import Keys
from storage.knowledge import RedisKnowledge
from streams.errors import StoreUnavailable, TopicMissing
from streams.kafka.options import KafkaOptions
from streams.kafka.reader import TopicReader
from streams.records.cards import Card
from streams.records.watermark import Watermark
from tests.kafka import Kafka
from tests.penchant.commands import Command, run
from tests.penchant.offline.products.test_job import COLUMNS, PROMPTS, FakeModel

pytestmark = pytest.mark.kafka


class MemoryShelf:
    """Cards and lines in memory; the next `failures` writes fail."""

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self.lines: dict[str, str] = {}
        self.failures = 0

    async def write(self, cards: Mapping[str, Card], lines: Mapping[str, str] | None = None) -> None:
        """As Redis does."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("away")
        self.cards |= cards
        self.lines |= lines or {}

    async def remove(self, products: Sequence[str]) -> None:
        """Likewise."""
        for product in products:
            self.cards.pop(product, None)
            self.lines.pop(product, None)


@asynccontextmanager
async def follower(
    folder: Path, topic: str, shelf: MemoryShelf, model: FakeModel | None = None
) -> AsyncIterator[Follower]:
    """One that keeps what it knows in the folder."""
    source = Source(topic, COLUMNS.model_copy(update={"campaign": "promo", "campaign_until": "ends"}), PROMPTS)
    async with kept(folder / "answers.sqlite") as notes:
        understanding = Understanding((model or FakeModel()).ask, "fake", PROMPTS, Sampling(), notes)
        yield Follower(source, understanding, notes, shelf, CardsTopic(None), folder / "rejects.jsonl", at_once=4)


async def say(kafka: Kafka, topic: str, rows: Mapping[str, Mapping[str, Any] | None], partition: int = 0) -> None:
    """Rows by their ids; None is a tombstone."""
    values = [None if row is None else json.dumps(row).encode() for row in rows.values()]
    await kafka.produce(topic, values, keys=[name.encode() for name in rows], partition=partition)


def rejected(folder: Path) -> list[Any]:
    """The rejects' places."""
    path = folder / "rejects.jsonl"
    return [json.loads(line)["row"] for line in path.read_bytes().splitlines()] if path.exists() else []


async def test_changes_are_taken_over_and_what_is_done_is_not_done_again(kafka: Kafka, tmp_path: Path) -> None:
    """A price without a call, a text with one, a tombstone, a record that is none; over a restart, in two
    partitions."""
    topic, shelf = await kafka.topic(2), MemoryShelf()
    first = {f"sku-{at}": {"title": f"Kettle {at}", "text": "Blue.", "price": 9} for at in range(300)}
    await say(kafka, topic, first)
    await say(kafka, topic, {"": {}, "shoe": {"title": "Shoe"}}, partition=1)
    async with TopicReader(KafkaOptions(kafka.bootstrap)) as reader:
        async with follower(tmp_path, topic, shelf) as one:
            await one.catch_up(reader)
            assert (one.taken.products, one.taken.gone, one.taken.rejected) == (301, 0, 1)
        assert rejected(tmp_path) == ["1:0"]
        assert (shelf.cards["sku-7"].price, shelf.lines["sku-7"]) == (9, "color blue")
        await say(kafka, topic, {"sku-7": first["sku-7"] | {"price": 5}, "sku-8": {"title": "Kettle"}, "sku-9": None})
        model = FakeModel()
        async with follower(tmp_path, topic, shelf, model) as one:
            for _ in range(2):
                await one.catch_up(reader)
            assert (one.taken.products, one.taken.gone, one.taken.rejected) == (2, 1, 0)
    assert (shelf.cards["sku-7"].price, shelf.lines["sku-8"]) == (5, "")
    assert set(first) - set(shelf.cards) == {"sku-9"}
    assert len(model.prompts) == 1


async def test_a_campaign_comes_and_goes_without_a_call(kafka: Kafka, tmp_path: Path) -> None:
    """It stands in the line with its end; one that is none is rejected, and what was known stands."""
    topic, shelf, model = await kafka.topic(), MemoryShelf(), FakeModel()
    row, week = {"title": "Kettle", "text": "Blue."}, {"promo": "Black Week", "ends": "2026-11-30"}
    async with TopicReader(KafkaOptions(kafka.bootstrap)) as reader, follower(tmp_path, topic, shelf, model) as one:
        for said, expected in [
            ({}, "color blue"),
            (week, "campaign Black Week until 2026-12-01T00:00Z, color blue"),
            (week | {"ends": "soon"}, "campaign Black Week until 2026-12-01T00:00Z, color blue"),
            ({"promo": ""}, "color blue"),
        ]:
            await say(kafka, topic, {"sku-1": row | said})
            await one.catch_up(reader)
            assert shelf.lines["sku-1"] == expected
        assert (one.taken.rejected, len(model.prompts)) == (1, 1)


async def test_nothing_is_lost_while_what_it_writes_to_is_away(kafka: Kafka, tmp_path: Path) -> None:
    """The error is told, and the next time goes on from what stands; a topic that was re-created is read anew."""
    topic, shelf = await kafka.topic(), MemoryShelf()
    await say(kafka, topic, {f"sku-{at}": {"title": f"Kettle {at}"} for at in range(30)})
    async with TopicReader(KafkaOptions(kafka.bootstrap)) as reader:
        async with follower(tmp_path, topic, shelf) as one:
            shelf.failures = 1
            with pytest.raises(StoreUnavailable):
                await one.catch_up(reader)
            await one.catch_up(reader)
            assert len(shelf.cards) == one.taken.products == 30
        async with kept(tmp_path / "answers.sqlite") as notes:
            await notes.note_followed(topic, Watermark("the one before", (30,)))
        model = FakeModel()
        async with follower(tmp_path, topic, shelf, model) as one:
            await one.catch_up(reader)
            assert (one.taken.products, len(model.prompts)) == (30, 0)


async def test_a_topic_that_is_not_there_is_named(kafka: Kafka, tmp_path: Path) -> None:
    """With what to do."""
    async with (
        TopicReader(KafkaOptions(kafka.bootstrap)) as reader,
        follower(tmp_path, "no-such-topic", MemoryShelf()) as one,
    ):
        with pytest.raises(TopicMissing, match="no-such-topic"):
            await one.catch_up(reader)


@pytest.mark.slow
@pytest.mark.redis
async def test_the_command_writes_where_prompts_and_matches_read(
    kafka: Kafka, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Once to the end of the topic; without a topic it says which setting lacks."""
    keys, topic = Keys(f"follow-{uuid4().hex[:12]}"), await kafka.topic()
    await say(kafka, topic, {"sku-1": {"title": "Kettle", "description": "Blue and quiet", "category": "home"}})
    variables = {
        "REDIS__URL": redis_server.url,
        "REDIS__NAMESPACE": keys.namespace,
        "KAFKA__BOOTSTRAP": kafka.bootstrap,
    }
    asked = ("products", "follow", "--out", "out", "--simulated", "--once", "--json")
    unset = await run(tmp_path, variables, *asked)
    assert (unset.status != 0, "kafka.products_topic is not set" in unset.err) == (True, True)
    ended = await run(tmp_path, variables | {"KAFKA__PRODUCTS_TOPIC": topic}, *asked)
    assert ended.status == 0, ended.err
    assert ended.report == {"products": 1, "gone": 0, "rejected": 0, "folder": "out"}
    async with connect(redis_server.url) as client:
        assert await RedisKnowledge(client, keys, 5.0).lines(["sku-1"]) == ["color blue, feature quiet"]
        known = await RedisCards(client, keys, 5.0).read("sku-1")
    assert known is not None
    assert known.code == "home blue quiet"


@pytest.mark.slow
@pytest.mark.redis
async def test_it_follows_until_it_is_stopped_and_after_a_kill(
    kafka: Kafka, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Changes come while it runs; killed and started again it goes on; SIGTERM ends it with status 0."""
    keys, topic = Keys(f"follow-{uuid4().hex[:12]}"), await kafka.topic()
    variables = {"REDIS__URL": redis_server.url, "REDIS__NAMESPACE": keys.namespace,
                 "KAFKA__BOOTSTRAP": kafka.bootstrap, "KAFKA__PRODUCTS_TOPIC": topic}  # fmt: skip
    asked = ("products", "follow", "--out", "out", "--simulated", "--json")
    async with connect(redis_server.url) as client:
        cards = RedisCards(client, keys, 5.0)
        for number, how in enumerate((signal.SIGKILL, signal.SIGTERM)):
            async with Command(tmp_path, variables, *asked) as command:
                for at in range(2):
                    name = f"sku-{number}-{at}"
                    await say(kafka, topic, {name: {"title": "Kettle", "category": "home"}})
                    await until_written(cards, name)
                command.send(how)
                ended = await command.ended()
    assert ended.status == 0, ended.err
    assert ended.report["products"] == 2


async def until_written(cards: RedisCards, product: str) -> None:
    """Wait for a card."""
    async with asyncio.timeout(60):
        while await cards.read(product) is None:  # noqa: ASYNC110 # another process knows
            await asyncio.sleep(0.05)
