"""The topic of what is known of products."""

from uuid import uuid4

import orjson
import pytest

from penchant.offline.lake.batch import Batch
from penchant.offline.products.announcing import CardsTopic, announcing
from penchant.settings.kafka import Kafka as KafkaSettings
from streams.kafka.reader import TopicReader
from streams.records.cards import Card, Property
from streams.records.products import Fact, Understood
from tests.kafka import Kafka

BLUE = Fact(Property(name="color", value="blue"), "sky blue")


@pytest.mark.kafka
async def test_a_lake_reads_what_is_announced(real_kafka: Kafka) -> None:
    """The topic is made; a product is a row with its facts, one that is gone a tombstone."""
    settings = KafkaSettings(bootstrap=real_kafka.bootstrap, cards_topic=f"cards-{uuid4().hex[:12]}")
    known = Understood("sku-1", (BLUE,), (), Card(category="home", code="home blue"), "color blue")
    async with announcing(settings) as topic:
        await topic.append([known], ["sku-2"])
    async with TopicReader(settings.options) as reader:
        log = await reader.log(settings.cards_topic or "")
        records = [each for some in (await reader.newest(log, (), 10)).values() for each in some]
    values = {record.key: record.value for record in records}
    assert orjson.loads(values[b"sku-1"] or b"")["facts"][0]["quote"] == "sky blue"
    assert values[b"sku-2"] is None
    batch = Batch()
    for record in records:
        batch.add("products", 0, record)
    rows = {table: rows for (table, _), rows in batch.rows().items()}
    assert sorted((row["product"], row["gone"], row["code"]) for row in rows["cards"]) == [
        ("sku-1", False, "home blue"), ("sku-2", True, None),
    ]  # fmt: skip
    assert [(row["product"], row["name"], row["quote"]) for row in rows["facts"]] == [("sku-1", "color", "sky blue")]
    assert batch.refused == 0


async def test_nobody_is_told_where_no_topic_is_named() -> None:
    """And no Kafka is asked."""
    async with announcing(KafkaSettings(bootstrap="127.0.0.1:1")) as topic:
        assert isinstance(topic, CardsTopic)
        await topic.append([Understood("sku-1", (), (), Card(), "")], ["sku-2"])
