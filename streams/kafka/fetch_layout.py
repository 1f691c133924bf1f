"""Fetch layout: the partitions of a fetch, written and read a row at a time.

aiokafka goes from field to field, each through several calls: with 64 partitions that takes as long as all the rest of
a poll. Rows of an answer that tell nothing are left out, since aiokafka takes as long over them as over the others:
where events come one by one most rows are such. The layout is that of version 11, the newest that aiokafka speaks; with
older brokers it goes its own way. See https://kafka.apache.org/protocol#The_Messages_Fetch.
"""

from collections.abc import Sequence
from io import BytesIO
from struct import Struct
from typing import Any

from aiokafka.protocol.fetch import FetchRequest_v11, FetchResponse_v11
from aiokafka.protocol.types import Array, Schema

COUNT = Struct(">i")
ASKED = Struct(">iiqqi")
"""Partition, leader epoch, offset to read, first offset of the log, most bytes."""

ANSWERED = Struct(">ihqqqiii")
"""Partition, error, end, stable end, first offset, number of aborted transactions, replica, number of bytes."""

ABORTED, TAIL = Struct(">qq"), Struct(">ii")
"""Such a transaction; and what stands behind them, which is replica and bytes."""

Row = tuple[Any, ...]


class AskedPartitions(Array):  # type: ignore[misc] # aiokafka has no types
    """Those of a request."""

    def encode(self, items: Sequence[Any] | None) -> bytes:
        """As bytes."""
        if items is None:
            return COUNT.pack(-1)
        return COUNT.pack(len(items)) + b"".join([ASKED.pack(*item) for item in items])


class AnsweredPartitions(Array):  # type: ignore[misc] # aiokafka has no types
    """Those of a response that tell something."""

    def decode(self, data: BytesIO) -> list[Any] | None:
        """From bytes, of which it leaves what follows."""
        begin = data.tell()
        with memoryview(data.getvalue()) as raw:  # both share the bytes; `getbuffer` would copy them
            (count,) = COUNT.unpack_from(raw, begin)
            rows, at = [], begin + COUNT.size
            for _ in range(count):
                row, at = _row(raw, at)
                if tells(row):
                    rows.append(row)
        data.seek(at)
        return None if count < 0 else rows


def _row(raw: memoryview, at: int) -> tuple[Row, int]:
    partition, error, end, stable, first, count, replica, size = ANSWERED.unpack_from(raw, at)
    at += ANSWERED.size
    aborted: list[Row] | None = None if count < 0 else []
    if count > 0:
        at -= TAIL.size
        aborted = [ABORTED.unpack_from(raw, at + each * ABORTED.size) for each in range(count)]
        at += count * ABORTED.size
        replica, size = TAIL.unpack_from(raw, at)
        at += TAIL.size
    if at + size > len(raw):
        raise ValueError("the records of a fetch are cut off")
    records = bytes(raw[at : at + size]) if size > 0 else (b"" if size == 0 else None)
    return (partition, error, end, stable, first, aborted, replica, records), at + max(size, 0)


def tells(row: Row) -> bool:
    """Whether there are records, an error, or another replica to fetch from; else only where the partition ends."""
    _, error, _, _, _, _, replica, records = row
    return bool(records) or error != 0 or replica >= 0


def write_rows() -> None:
    """Let aiokafka's consumers write and read them so. Doing it again changes nothing."""
    FetchRequest_v11.SCHEMA = with_partitions(AskedPartitions, FetchRequest_v11.SCHEMA)
    FetchResponse_v11.SCHEMA = with_partitions(AnsweredPartitions, FetchResponse_v11.SCHEMA)


def with_partitions(kind: type[Array], schema: Any) -> Schema:
    """The same schema, whose topics have their partitions so."""
    return Schema(*((name, _topics(kind, field) if name == "topics" else field) for name, field in _named(schema)))


def _topics(kind: type[Array], topics: Any) -> Array:
    (name, text), (partitions, array) = _named(topics.array_of)
    return Array((name, text), (partitions, kind(*_named(array.array_of))))


def _named(schema: Any) -> list[tuple[str, Any]]:
    return list(zip(schema.names, schema.fields, strict=True))
