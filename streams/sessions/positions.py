"""Where in the log something stands. Time never takes part: clocks differ, offsets do not."""

from typing import NamedTuple


class Position(NamedTuple):
    """A place in one shopper's log, compared field by field in this order.

    `lineage` is raised by the operator when the topic is re-created or re-partitioned,
    `offset` is the Kafka offset of the last event that is included (inclusive),
    `generation` breaks ties at an equal offset: a replay of the same log.
    """

    lineage: int
    offset: int
    generation: int = 0

    def __str__(self) -> str:
        return f"{self.lineage}:{self.offset}:{self.generation}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read back what `str` wrote; raises ValueError on anything else."""
        lineage, offset, generation = text.split(":")
        return cls(int(lineage), int(offset), int(generation))
