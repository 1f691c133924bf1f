"""Letters as workers send them."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from streams.records.dead_letters import DeadLetter


async def send(address: str, topic: str, letters: Sequence[DeadLetter]) -> None:
    """To a topic of dead letters; returns when all are acknowledged."""
    producer = AIOKafkaProducer(bootstrap_servers=address, linger_ms=5)
    await producer.start()
    try:
        for each in letters:
            await producer.send(topic, each.value, each.key, headers=each.headers())
    finally:
        await producer.stop()
