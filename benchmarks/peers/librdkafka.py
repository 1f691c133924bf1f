"""A bare loop over librdkafka: nothing between its batches and the work, and so the floor for Python."""

from confluent_kafka import Consumer
from folding import Folding

MOST, WITHIN_S = 1_000, 0.5

folding = Folding()

if __name__ == "__main__":
    options = {"bootstrap.servers": folding.bootstrap, "group.id": folding.group, "enable.auto.commit": False}
    consumer = Consumer(options | {"auto.offset.reset": "earliest"})
    consumer.subscribe([folding.topic])
    while True:
        for message in consumer.consume(MOST, WITHIN_S):
            folding.value(message.value(), message.offset(), message.timestamp()[1])
