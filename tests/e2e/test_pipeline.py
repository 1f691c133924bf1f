"""Events in Kafka become intents in Redis: the main job, on Apache Kafka and on the mock."""

import pytest
from aiokafka import AIOKafkaConsumer
from penchant_reader import AsyncIntentReader

from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.triton import TritonServer
from streams.sessions.positions import Position
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, partition_of, send, until
from tests.kafka import Kafka

PARTITIONS, SHOPPERS, EACH = 3, 20, 7
MARKER = '{"m":"gift","t":"Wants a quiet Brivane kettle as a gift","c":[[1,9]],"k":9,"e":[1]}'

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]


def marker(_: str) -> str:
    """A model that says one and the same, whatever the prompt."""
    return MARKER


async def test_every_shopper_gets_an_intent(
    broker: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """Each shopper's intent is the model's, stands at the last event, and is read back by a ranker's reader; then all
    offsets are committed."""
    topic = await broker.topic(PARTITIONS)
    settings = make_settings(broker, topic, model_server.grpc_address)
    last = await send(broker, topic, PARTITIONS, events(SHOPPERS, EACH))
    async with worker(settings) as running, _reader(settings) as reader:

        async def all_there() -> bool:
            intents = await reader.get_many(list(last))
            return [intent.position for intent in intents] == [str(Position(0, offset)) for offset in last.values()]

        await until(all_there)
        intents = await reader.get_many(list(last), fields="doc")
        assert {intent.source for intent in intents} == {"model"}
        assert {(intent.category, intent.brand, intent.stage) for intent in intents} == {
            ("home/kitchen/kettles", "Brivane", intents[0].stage)
        }
        assert intents[0].doc["evidence"]
        assert running.meter.calls < SHOPPERS * EACH

        async def all_committed() -> bool:
            return [await broker.committed(settings.kafka.group, topic, number) for number in range(PARTITIONS)] == [
                _records(number) for number in range(PARTITIONS)
            ]

        await until(all_committed)


async def test_refused_events_go_to_the_dead_letter_topic(
    broker: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """A refused record keeps its key and value, says where it was from and why, and stops nobody else."""
    topic = await broker.topic(1)
    dead = {"dead_letter_topic": await broker.topic(1)}
    settings = make_settings(broker, topic, model_server.grpc_address, kafka=dead)
    await broker.produce(topic, [b'{"event_id": 7}', b"not json"], keys=[b"ada", b"bob"])
    await send(broker, topic, 1, events(2, 3))
    async with worker(settings) as running, _reader(settings) as reader:

        async def done() -> bool:
            intents = await reader.get_many(["shopper-0", "shopper-1"])
            return running.meter.dead_letters == 2 and not any(intent.missing for intent in intents)

        await until(done)
    letters = await _letters(broker, settings.kafka.dead_letter_topic, 2)
    assert [(key, value) for key, value, _ in letters] == [(b"ada", b'{"event_id": 7}'), (b"bob", b"not json")]
    headers = letters[0][2]
    assert headers["penchant-topic"] == topic.encode()
    assert (headers["penchant-partition"], headers["penchant-offset"]) == (b"0", b"0")
    assert (headers["penchant-reason"], headers["penchant-path"]) == (b"schema", b"action")
    assert letters[1][2]["penchant-reason"] == b"json"


async def test_the_answers_come_through_triton(
    broker: Kafka, make_settings: MakeSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With another model behind Triton, what that model says stands in Redis."""
    topic = await broker.topic(1)
    async with TritonServer(tmp_path_factory.mktemp("marker"), answer="tests.e2e.test_pipeline:marker") as other:
        settings = make_settings(broker, topic, other.grpc_address)
        await send(broker, topic, 1, events(1, 3))
        async with worker(settings), _reader(settings) as reader:

            async def marked() -> bool:
                intent = await reader.get("shopper-0")
                return not intent.missing and intent.doc["mission"]["text"] == "Wants a quiet Brivane kettle as a gift"

            await until(marked)
            assert (await reader.get("shopper-0")).mission == "gift"


async def test_a_restarted_worker_goes_on_where_the_last_one_stopped(
    broker: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """The second worker takes the sessions over: its intents count the events of the first."""
    topic = await broker.topic(1)
    settings = make_settings(broker, topic, model_server.grpc_address)
    first, second = events(3, 4), events(3, 8)[12:]
    await send(broker, topic, 1, first)
    for part, count in ((None, 4), (second, 8)):
        if part is not None:
            await send(broker, topic, 1, part)
        async with worker(settings), _reader(settings) as reader:

            async def counted(count: int = count, reader: AsyncIntentReader = reader) -> bool:
                intents = await reader.get_many([f"shopper-{n}" for n in range(3)], fields="doc")
                return all(intent.doc.get("window", {}).get("events") == count for intent in intents)

            await until(counted)
            assert await counted()


def _reader(settings: Settings) -> AsyncIntentReader:
    return AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=2)


def _records(partition: int) -> int:
    return EACH * sum(partition_of(f"shopper-{who}", PARTITIONS) == partition for who in range(SHOPPERS))


async def _letters(kafka: Kafka, topic: str, count: int) -> list[tuple[bytes, bytes, dict[str, bytes]]]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        records = [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()
    return [(record.key, record.value, dict(record.headers)) for record in records]
