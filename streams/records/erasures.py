"""Erasures: what is to be forgotten of a shopper, and up to where. Pure.

An erasure is a record of a compacted topic, keyed by shopper. Its number tells a later one from an earlier one, and is
the time at which it was asked for; its ends are where the event topic ended then. What stands before them, or is of an
earlier time, counts for nothing from then on, however often it is read. Numbers only grow, whatever clocks do.

A shopper who opted out has an erasure that is kept: all that they do counts for nothing until they opt in.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from streams.errors import EventRefused

NUMBER, OPTED_OUT = "number", "opted_out"


class Erasure(NamedTuple):
    """`number` is in epoch milliseconds; `ends` are the partitions' end offsets in that lineage.

    `opted_out`: whatever comes later counts for nothing either.
    """

    shopper: str
    number: int
    lineage: int
    ends: tuple[int, ...]
    opted_out: bool = False

    def covers(self, lineage: int, partition: int, offset: int, timestamp_ms: int) -> bool:
        """Whether a record counts for nothing.

        A record that came late to this log, by a rekey that was behind, tells by its own time. Offsets of another log
        say nothing, so there the time alone does. A negative time is none.
        """
        if self.opted_out or self.reaches(lineage, partition, offset):
            return True
        return timestamp_ms <= self.number and (timestamp_ms >= 0 or lineage != self.lineage)

    def reaches(self, lineage: int, partition: int, offset: int) -> bool:
        """Whether this place in the log is one from before the erasure."""
        return lineage == self.lineage and partition < len(self.ends) and offset < self.ends[partition]

    def fields(self) -> dict[str, str]:
        """As Redis and the topic hold it, without the shopper."""
        ends = ",".join(map(str, self.ends))
        fields = {NUMBER: str(self.number), "lineage": str(self.lineage), "ends": ends}
        return fields | ({OPTED_OUT: "1"} if self.opted_out else {})

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
            fields.get(OPTED_OUT) == "1",
        )

    @classmethod
    def load(cls, key: bytes | None, value: bytes | None) -> "Erasure":
        """Read a record of the topic. Raises EventRefused."""
        try:
            return cls.of((key or b"").decode(), orjson.loads(value or b""))
        except (ValueError, KeyError, TypeError) as exc:
            raise EventRefused("schema", detail=f"no erasure: {exc!r}") from exc


def next_number(clock_ms: int, earlier: Iterable[int]) -> int:
    """The number of an erasure that is asked for now: larger than every earlier one, by whatever clock that came."""
    return max(clock_ms, *(number + 1 for number in earlier), 1)
