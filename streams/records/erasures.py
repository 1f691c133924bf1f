"""Erasures: what is to be forgotten of a shopper, and up to where. Pure.

An erasure is a record of a compacted topic, keyed by shopper. Its number tells a later one from an earlier one, and is
the time at which it was asked for; its ends are where the event topic ended then. What stands before them counts for
nothing from then on, however often it is read.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from streams.errors import EventRefused

NUMBER = "number"


class Erasure(NamedTuple):
    """`number` is in epoch milliseconds; `ends` are the partitions' end offsets in that lineage."""

    shopper: str
    number: int
    lineage: int
    ends: tuple[int, ...]

    def covers(self, lineage: int, partition: int, offset: int, timestamp_ms: int) -> bool:
        """Whether a record counts for nothing. Offsets of another log say nothing, so its records' own times do."""
        if lineage != self.lineage:
            return timestamp_ms <= self.number
        return partition < len(self.ends) and offset < self.ends[partition]

    def fields(self) -> dict[str, str]:
        """As Redis and the topic hold it, without the shopper."""
        return {NUMBER: str(self.number), "lineage": str(self.lineage), "ends": ",".join(map(str, self.ends))}

    def dump(self) -> bytes:
        """The topic's record value."""
        return orjson.dumps(self.fields())

    @classmethod
    def of(cls, shopper: str, fields: Mapping[str, Any]) -> "Erasure":
        """Read back what `fields` gave; raises ValueError or KeyError on anything else."""
        ends = str(fields["ends"])
        return cls(
            shopper,
            int(fields[NUMBER]),
            int(fields["lineage"]),
            tuple(map(int, ends.split(","))) if ends else (),
        )

    @classmethod
    def load(cls, key: bytes | None, value: bytes | None) -> "Erasure":
        """Read a record of the topic. Raises EventRefused."""
        try:
            return cls.of((key or b"").decode(), orjson.loads(value or b""))
        except (ValueError, KeyError, TypeError) as exc:
            raise EventRefused("schema", detail=f"no erasure: {exc!r}") from exc
