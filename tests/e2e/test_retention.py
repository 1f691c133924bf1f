"""A worker whose topic was deleted ahead of it goes on, counts what nobody read, and says where that stood."""

import asyncio

import pytest
from structlog.testing import capture_logs

from penchant.worker.app import worker
from streams.events.decoding import encode
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events
from tests.fakes.model import ScriptedModel
from tests.kafka import Kafka
from tests.streams.kafka.test_retention import deleted
from tests.until import until

ANSWER = '{"m":"gift","t":"Something for somebody","c":[[1,9]],"k":9,"e":[1]}'
NOBODY = "127.0.0.1:1"

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


async def test_what_retention_deleted_is_counted(real_kafka: Kafka, make_settings: MakeSettings) -> None:
    """Two of five events were deleted before the worker came back; the last two are worked off and committed."""
    topic, sent = await real_kafka.topic(1), events(5, 1)
    keys = [event.shopper_id.encode() for event in sent]
    await real_kafka.produce(topic, map(encode, sent), keys=keys)
    settings = make_settings(real_kafka, topic, NOBODY)
    group = settings.kafka.group
    await real_kafka.commit(group, topic, 1)
    await asyncio.to_thread(deleted, real_kafka, topic, 3)
    with capture_logs() as said:
        async with worker(settings, ScriptedModel(ANSWER)) as running:
            await until(lambda: running.meter.intents == 2, 60)
            async with asyncio.timeout(60):
                while await real_kafka.committed(group, topic) != 5:  # noqa: ASYNC110 - Kafka's
                    await asyncio.sleep(0.1)
        assert running.meter.records_expired == 2
    [line] = [each for each in said if each["event"] == "records.expired"]
    assert (line["topic"], line["partition"], line["first"], line["last"]) == (topic, 0, 1, 2)
