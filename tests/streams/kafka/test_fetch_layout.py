"""The layout of a fetch against aiokafka's own writing and reading of it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v11, FetchResponse_v11
from aiokafka.protocol.types import Array
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.faust_app import KafkaGroup, make_app
from streams.kafka.fetch_layout import AnsweredPartitions, AskedPartitions, tells, with_partitions, write_rows
from streams.kafka.options import KafkaOptions
from streams.kafka.transport import BatchConsumer
from tests.fakes.ledger import FakeLedger

OWN_REQUEST, OWN_RESPONSE = (with_partitions(Array, kind.SCHEMA) for kind in (FetchRequest_v11, FetchResponse_v11))
"""aiokafka's own, also where other tests of this process have replaced a part."""

int16, int32, int64 = (st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (16, 32, 64))
names = st.none() | st.text(max_size=20)
asked = st.lists(st.tuples(names, st.lists(st.tuples(int32, int64, int32), max_size=9)), max_size=3)
aborted = st.none() | st.lists(st.tuples(int64, int64), max_size=3)
answered = st.tuples(int32, int16, int64, int64, int64, aborted, int32, st.none() | st.binary(max_size=60))
topics = st.none() | st.lists(st.tuples(names, st.none() | st.lists(answered, max_size=9)), max_size=3)


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Whatever other tests of this process did."""
    before = FetchRequest_v11.SCHEMA, FetchResponse_v11.SCHEMA
    write_rows()
    yield
    FetchRequest_v11.SCHEMA, FetchResponse_v11.SCHEMA = before


@given(asked)
def test_a_request_is_written_as_aiokafka_writes_it(what: list[Any]) -> None:
    request = FetchRequest(500, 1, 2**20, 1, what, rack_id="a").prepare({1: (0, 20)})
    assert request.API_VERSION == 11
    assert request.encode() == OWN_REQUEST.encode([getattr(request, name) for name in OWN_REQUEST.names])


@given(topics, st.binary(max_size=3))
def test_a_response_is_read_as_aiokafka_reads_it(what: Any, rest: bytes) -> None:
    """But for partitions of which nothing is told. And what follows is left."""
    raw = OWN_RESPONSE.encode((0, 0, 0, what)) + rest
    data = BytesIO(raw)
    read = FetchResponse_v11.decode(data)
    *head, found = OWN_RESPONSE.decode(BytesIO(raw))
    if found is not None:
        found = [(name, rows and [row for row in rows if tells(row)]) for name, rows in found]
    assert [read.throttle_time_ms, read.error_code, read.session_id, read.topics] == [*head, found]
    assert data.read() == rest


@pytest.mark.parametrize("more", [{"error": 6}, {"replica": 0}, {"records": b"records"}, {}])
def test_a_row_tells_of_records_of_errors_and_of_nearer_replicas(more: dict[str, Any]) -> None:
    """Where a broker names a replica of the client's rack, it sends no records."""
    row = {"error": 0, "replica": -1, "records": b""} | more
    assert tells((0, row["error"], 9, 9, 0, [], row["replica"], row["records"])) is bool(more)


def test_a_response_that_is_cut_off_is_an_error() -> None:
    raw = OWN_RESPONSE.encode((0, 0, 0, [("clicks", [(0, 0, 9, 9, 0, [], -1, b"records")])]))
    with pytest.raises(ValueError, match="cut off"):
        FetchResponse_v11.decode(BytesIO(raw[:-1]))


async def test_the_consumer_of_a_worker_does_so(tmp_path: Path) -> None:
    """And another one in the same process changes nothing; else all of this would pass by aiokafka's own means."""
    FetchRequest_v11.SCHEMA, FetchResponse_v11.SCHEMA = OWN_REQUEST, OWN_RESPONSE
    for number in range(2):
        group = KafkaGroup(KafkaOptions("nowhere:9092"), "group", tmp_path / str(number))
        consumer = cast("BatchConsumer", make_app(group, "clicks", FakeLedger()).consumer)
        consumer._thread.thread_loop.close()  # it was never started
    for schema, kind in ((FetchRequest_v11.SCHEMA, AskedPartitions), (FetchResponse_v11.SCHEMA, AnsweredPartitions)):
        [topics] = [field for name, field in zip(schema.names, schema.fields, strict=True) if name == "topics"]
        assert type(topics.array_of.fields[1]) is kind
        assert topics.array_of.names[1] == "partitions"
