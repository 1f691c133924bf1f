"""Watermark: up to where the erasure topic was taken over. Pure."""

from typing import NamedTuple


class Watermark(NamedTuple):
    """Offsets of the erasure topic's partitions; `topic` is the id of the topic, so that another one begins at 0."""

    topic: str = ""
    offsets: tuple[int, ...] = ()

    def reaches(self, other: "Watermark") -> bool:
        """Whether all before the other one is before this one too."""
        return not other.missing(self)

    def missing(self, before: "Watermark") -> dict[int, int]:
        """From where to read each partition that goes further here than `before`."""
        known = dict(enumerate(before.offsets if before.topic == self.topic else ()))
        return {number: known.get(number, 0) for number, end in enumerate(self.offsets) if known.get(number, 0) < end}
