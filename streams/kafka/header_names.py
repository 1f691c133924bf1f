"""Header names: any bytes may stand there, and aiokafka raises for what is no UTF-8, in the midst of a fetch.

Kafka says that names are text, but neither brokers nor most clients look. Here bytes that are no UTF-8 become marks,
so that the fetch goes on, and decoding refuses the one record (streams/events/decoding.py).
"""

from collections.abc import Iterator
from struct import pack_into, unpack_from
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c, decode_varint

from streams.events.decoding import MARK

HEADER_BYTES, LENGTH_AT, MAGIC_AT, CRC_AT, ATTRIBUTES_AT, COUNT_AT = 61, 8, 16, 17, 21, 57
"""Where things stand in a record batch of version 2 (https://kafka.apache.org/documentation/#recordbatch)."""

BEFORE_LENGTH, CODEC_MASK = 12, 0x07


def as_fetched(key: bytes | None) -> bytes | None:
    """The key deserializer of a consumer that is to hand out the records of aiokafka's batches as they are: making a
    ConsumerRecord of each takes as long as all the rest of a fetch. They have no topic and no partition."""
    return key


def consumer_record(tp: Any, record: Any) -> ConsumerRecord[bytes, bytes]:
    """Such a record as aiokafka hands them out elsewhere."""
    sizes = [-1 if part is None else len(part) for part in (record.key, record.value)]
    what = (record.offset, record.timestamp, record.timestamp_type, record.key, record.value, record.checksum)
    return ConsumerRecord(tp.topic, tp.partition, *what, *sizes, tuple(record.headers))


def accept_any_name() -> None:
    """Let aiokafka's consumers hand out records whatever their headers are called. Doing it again changes nothing."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = _Kept, _AnyName


class _Kept(MemoryRecords):  # type: ignore[misc] # aiokafka says what it is only when it runs
    """A fetch's batches, which still have their bytes."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self.raw = raw


class _AnyName(fetcher.PartitionRecords):  # type: ignore[misc] # aiokafka has no types
    """A fetch's records. It begins anew with marked names where one is no UTF-8; what was handed out is passed over."""

    _records: Any
    _records_iterator: Any
    _aborted_transactions: list[Any]
    _aborted_producers: set[Any]

    def __init__(self, tp: Any, records: Any, aborted_transactions: Any, *args: Any) -> None:
        super().__init__(tp, records, aborted_transactions, *args)
        self._aborted_as_told = list(self._aborted_transactions)

    def __next__(self) -> Any:
        try:
            return next(self._records_iterator)
        except StopIteration:
            self._records_iterator = None
            raise
        except UnicodeDecodeError:
            self._records = MemoryRecords(marked(self._records.raw))
            self._aborted_transactions, self._aborted_producers = self._aborted_as_told, set()
            self._records_iterator = self._from(self.next_fetch_offset)
            return next(self._records_iterator)

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        return record if self._key_deserializer is as_fetched else super()._consumer_record(tp, record)

    def _from(self, offset: int) -> Iterator[Any]:
        """Aiokafka goes back at the end of each batch that lies before."""
        return (record for record in self._unpack_records() if record.offset >= offset)


def marked(raw: bytes) -> bytes:
    """These batches with marks for what is no UTF-8 in the names of headers; those with such names are unpacked."""
    return b"".join(map(_marked, _batches(raw)))


def _batches(raw: bytes) -> Iterator[bytes]:
    begin = 0
    while begin + BEFORE_LENGTH <= len(raw):
        end = begin + BEFORE_LENGTH + unpack_from(">i", raw, begin + LENGTH_AT)[0]
        yield bytes(raw[begin:end])
        begin = end


def _marked(batch: bytes) -> bytes:
    if len(batch) < HEADER_BYTES or batch[MAGIC_AT] < 2:  # older ones have no headers; the last one may be cut off
        return batch
    unpacked = _DefaultRecordBatchPy(batch)
    unpacked._maybe_uncompress()
    records = bytearray(unpacked._buffer[unpacked._pos :])
    if not _mark(records, unpack_from(">i", batch, COUNT_AT)[0]):
        return batch
    made = bytearray(batch[:HEADER_BYTES]) + records
    (attributes,) = unpack_from(">h", batch, ATTRIBUTES_AT)
    pack_into(">i", made, LENGTH_AT, len(made) - BEFORE_LENGTH)
    pack_into(">h", made, ATTRIBUTES_AT, attributes & ~CODEC_MASK)
    pack_into(">I", made, CRC_AT, calc_crc32c(bytes(made[ATTRIBUTES_AT:])))
    return bytes(made)


def _mark(records: bytearray, count: int) -> bool:
    """Mark the names of so many records; whether there was anything to mark."""
    at, found = 0, False
    for _ in range(count):
        length, at = decode_varint(records, at)
        found = _mark_record(records, at + 1) or found  # behind its attributes
        at += length
    return found


def _mark_record(records: bytearray, at: int) -> bool:
    found = False
    for _ in ("timestamp", "offset"):
        _, at = decode_varint(records, at)
    for _ in ("key", "value"):
        at = _behind(records, at)
    headers, at = decode_varint(records, at)
    for _ in range(headers):
        length, begin = decode_varint(records, at)
        name = bytes(records[begin : begin + length])
        if not _is_text(name):
            records[begin : begin + length] = MARK.encode() * length
            found = True
        at = _behind(records, begin + length)
    return found


def _behind(records: bytearray, at: int) -> int:
    length, begin = decode_varint(records, at)
    return int(begin + max(length, 0))


def _is_text(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
