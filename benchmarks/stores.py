"""Stores: four ways to hold and read what a ranker wants to know of shoppers, with one face.

All read the same Redis, each with a connection of its own, and give what is asked for of so many shoppers at once.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from penchant_reader import HOT, IntentReader
from penchant_reader.decoding import SEPARATOR
from penchant_reader.reading import FIRST
from redis import Redis

from benchmarks.intents import shopper
from storage.keys import Keys

TIMEOUT_S = 5.0
DOUBLE, INTEGER, TEXT = 0x29, 0x20, 0x12
"""Tags of the fields of feast.types.Value: double_val 5, int64_val 4 and string_val 2 (docs/specs of Feast)."""

FEATURES: Mapping[str, str | float | int] = {
    "stage": "compare",
    "mission": "home-project",
    "category": "home/kitchen/kettles",
    "brand": "Hario",
    "price_low": 35.0,
    "price_high": 60.0,
    "confidence": 0.74,
    "as_of": 1_795_170_023_300,
    "written_at": 1_795_170_025_000,
    "source": "model",
}


class Store(Protocol):
    """Reads shoppers by their numbers; AssertionError when something is not there."""

    def read(self, numbers: Sequence[int]) -> None: ...

    def close(self) -> None: ...


class Reader:
    """penchant-reader, with its typed fields."""

    def __init__(self, url: str) -> None:
        self._reader = IntentReader(url, timeout_s=TIMEOUT_S, strict=True)

    def read(self, numbers: Sequence[int]) -> None:
        """One call, however many they are."""
        for intent in self._reader.get_many([shopper(number) for number in numbers]):
            if intent.missing:
                raise AssertionError("an intent is missing")

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()


class Hurried:
    """penchant-reader with its usual 20 ms, asking each time: how much comes within them."""

    def __init__(self, url: str) -> None:
        self._reader = IntentReader(url, circuit_s=0)
        self._asked, self._read = Counter[int](), Counter[int]()

    def read(self, numbers: Sequence[int]) -> None:
        """One call, of which what came in time is counted."""
        intents = self._reader.get_many([shopper(number) for number in numbers])
        self._asked[len(numbers)] += len(numbers)
        self._read[len(numbers)] += sum(not intent.missing for intent in intents)

    def share(self, shoppers: int) -> float:
        """How many of the intents that were asked for in reads of so many came in time."""
        return self._read[shoppers] / self._asked[shoppers]

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()


class Bare:
    """HMGET of the same fields with redis-py, for many in a pipeline; replies are left as they come."""

    def __init__(self, url: str) -> None:
        self._client, self._keys = Redis.from_url(url, protocol=2), Keys()

    def read(self, numbers: Sequence[int]) -> None:
        """One round trip."""
        keys = [self._keys.intent(shopper(number)) for number in numbers]
        if len(keys) == 1:
            replies = [self._client.hmget(keys[0], HOT)]
        else:
            pipe = self._client.pipeline(transaction=False)
            for key in keys:
                pipe.hmget(key, HOT)
            replies = pipe.execute()
        if any(reply[0] is None for reply in replies):
            raise AssertionError("an intent is missing")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


class Packed:
    """The hot fields as one with redis-py, as the reader asks for it, for many in a pipeline; replies are split."""

    def __init__(self, url: str) -> None:
        self._client, self._keys = Redis.from_url(url, protocol=2), Keys()

    def read(self, numbers: Sequence[int]) -> None:
        """One round trip, and the values of each."""
        pipe = self._client.pipeline(transaction=False)
        for number in numbers:
            pipe.hmget(self._keys.intent(shopper(number)), FIRST[HOT])
        for value, _ in pipe.execute():
            if value is None or len(value.decode().split(SEPARATOR)) <= len(HOT):
                raise AssertionError("an intent is missing")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


class FeastStyle:
    """A hash of one field a feature, its name hashed to four bytes and its value as Feast's protobuf, read one by one.

    Feast hashes with murmur3 at each request; here the names are hashed once, and nobody writes meanwhile.
    """

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(url, protocol=2)
        self._names = [struct.pack("<I", zlib.crc32(f"intent:{name}".encode())) for name in FEATURES]

    def fill(self, shoppers: int) -> None:
        """Store the features of each shopper."""
        values: dict[Any, Any] = dict(zip(self._names, map(_encoded, FEATURES.values()), strict=True))
        for first in range(0, shoppers, 100):
            pipe = self._client.pipeline(transaction=False)
            for number in range(first, min(first + 100, shoppers)):
                pipe.hset(_entity(number), mapping=values)
            pipe.execute()

    def read(self, numbers: Sequence[int]) -> None:
        """All features of all of them in one round trip, a command each."""
        pipe = self._client.pipeline(transaction=False)
        for number in numbers:
            key = _entity(number)
            for name in self._names:
                pipe.hget(key, name)
        for value in pipe.execute():
            _decoded(value)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _entity(number: int) -> bytes:
    return b"\x02\x00\x00\x00shopper\x02\x00\x00\x00" + shopper(number).encode() + b"penchant"


def _encoded(value: str | float) -> bytes:
    if isinstance(value, str):
        return bytes([TEXT, len(value)]) + value.encode()
    if isinstance(value, float):
        return bytes([DOUBLE]) + struct.pack("<d", value)
    digits = bytearray([INTEGER])
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(digits) + bytes([value])


def _decoded(data: bytes) -> str | float:
    if data[0] == TEXT:
        return data[2 : 2 + data[1]].decode()
    if data[0] == DOUBLE:
        return float(struct.unpack_from("<d", data, 1)[0])
    return sum((digit & 0x7F) << 7 * place for place, digit in enumerate(data[1:]))
