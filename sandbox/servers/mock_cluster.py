"""Librdkafka's mock Kafka cluster, in this process: `python -m sandbox.servers.mock_cluster REBALANCE_DELAY_MS`.

It says `listening HOST:PORT` on stdout, then takes lines `TOPIC PARTITIONS` on stdin, answers each with
`created TOPIC PARTITIONS` or `refused TOPIC PARTITIONS: CODE`, and ends with its input.
librdkafka offers this as C functions only (src/rdkafka_mock.h, marked experimental); the wheel exports them.
"""

import ctypes
import sys

from confluent_kafka import cimpl

PRODUCER = 0  # RD_KAFKA_PRODUCER; the kind of client that carries the cluster does not matter
BROKERS = REPLICAS = 1


def main(rebalance_delay_ms: int) -> None:
    """Serve until stdin ends."""
    library = ctypes.CDLL(cimpl.__file__)  # finds the functions of the librdkafka that it is linked with
    pointer = ctypes.c_void_p
    library.rd_kafka_new.restype = library.rd_kafka_mock_cluster_new.restype = pointer
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    why = ctypes.create_string_buffer(512)
    client = pointer(library.rd_kafka_new(PRODUCER, None, why, ctypes.c_size_t(len(why))))
    if not client:
        sys.exit(why.value.decode())
    cluster = pointer(library.rd_kafka_mock_cluster_new(client, BROKERS))
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, ctypes.c_int32(rebalance_delay_ms))
    _say("listening " + library.rd_kafka_mock_cluster_bootstraps(cluster).decode())
    for line in sys.stdin:
        topic, partitions = line.split()
        error = library.rd_kafka_mock_topic_create(cluster, topic.encode(), int(partitions), REPLICAS)
        _say(f"refused {topic} {partitions}: {error}" if error else f"created {topic} {partitions}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
