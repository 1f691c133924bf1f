"""Reading a topic whole, as a test wants to look at it."""

from aiokafka import AIOKafkaConsumer, ConsumerRecord


async def read_all(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Every record of the topic, partition by partition in the order of offsets."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        records: list[ConsumerRecord] = []
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            fetched = await consumer.getmany(timeout_ms=1_000)
            records += [record for batch in fetched.values() for record in batch]
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()
