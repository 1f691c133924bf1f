"""A producer that keeps a pace: `python -m benchmarks.paced_producer BOOTSTRAP TOPIC RATE EVENTS SHOPPERS`.

Events come as a Poisson process, each sent at once. Prints one JSON object: by how much it was late at the end, and
when each record was handed over and when Kafka's word came that it is appended: partition, offset, and seconds on the
machine's monotonic clock.
"""

import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any

import orjson
from confluent_kafka import Producer

from benchmarks.load import Load

WITHIN_S = 30.0
SPIN_S = 0.0015
"""The last stretch before a record is slept without serving the producer's callbacks, to hit its moment."""


def produce(bootstrap: str, topic: str, events_per_second: float, load: Load) -> dict[str, Any]:
    """Send the load; returns when Kafka has it all."""
    options = {"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "1"}
    producer, random = Producer(options | {"queue.buffering.max.messages": 1_000_000}), Random(3)
    sent: list[tuple[int, int, float]] = []
    confirmed: list[tuple[int, int, float]] = []

    def note(at_s: float) -> Callable[[Any, Any], None]:
        def appended(_: Any, message: Any) -> None:
            sent.append((message.partition(), message.offset(), at_s))
            confirmed.append((message.partition(), message.offset(), time.monotonic()))

        return appended

    records = list(load.records())
    due_s = began_s = time.monotonic()
    for record in records:
        due_s += random.expovariate(events_per_second)
        while (left_s := due_s - time.monotonic()) > 0:
            if left_s > SPIN_S:
                producer.poll(left_s - SPIN_S / 2)
            else:
                time.sleep(left_s)
        now_ms = time.time_ns() // 1_000_000
        producer.produce(topic, record.value, record.key, timestamp=now_ms, on_delivery=note(time.monotonic()))
    late_s, took_s = time.monotonic() - due_s, time.monotonic() - began_s
    left = producer.flush(WITHIN_S)
    return {"late_s": late_s, "seconds": took_s, "left": left, "sent": sent, "confirmed": confirmed}


def main() -> None:
    """Produce once and print."""
    bootstrap, topic, rate, events, shoppers = sys.argv[1:]
    told = produce(bootstrap, topic, float(rate), Load(int(events), int(shoppers), seed=7))
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
