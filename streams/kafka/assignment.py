"""Which event partitions are ours, under which epochs, and how far each has come. Pure."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from streams.kafka.batches import TP, Offsets, RecordBatch

epoch_numbers = itertools.count(1)
"""Epochs rise over the life of the process, whatever the group's generation does."""


class Assignment:
    """The state of our share of the event topics, and the only one who talks to the ledger.

    A new epoch begins behind: nothing is read before the partition went back to its committed offset.
    """

    def __init__(self, topics: Collection[str], offsets: Offsets) -> None:
        self.topics, self._offsets = frozenset(topics), offsets
        self.epochs: dict[TP, int] = {}
        self.behind: set[TP] = set()
        self._paused: set[TP] = set()
        self._last: dict[TP, int] = {}
        self.confirmed: dict[TP, int] = {}

    def begin(self, tps: Iterable[tuple[str, int]]) -> None:
        """New epochs for those that are event partitions; what was ours before must have ended."""
        for tp in (TP(*tp) for tp in tps):
            if tp.topic in self.topics:
                epoch = self.epochs[tp] = next(epoch_numbers)
                self.behind.add(tp)
                self._offsets.assigned(tp, epoch)

    def end(self, tps: Iterable[tuple[str, int]]) -> None:
        """End the epochs of those that are ours; pauses end with them."""
        for tp in [TP(*tp) for tp in tps]:
            if self.epochs.pop(tp, None) is not None:
                self.behind.discard(tp)
                self._paused.discard(tp)
                self._last.pop(tp, None)
                self.confirmed.pop(tp, None)
                self._offsets.revoked(tp)

    def pause(self, tps: Iterable[tuple[str, int]]) -> None:
        """Read no more from those that are ours."""
        self._paused |= self.epochs.keys() & {TP(*tp) for tp in tps}

    def resume(self, tps: Iterable[tuple[str, int]]) -> None:
        """Read from these again."""
        self._paused.difference_update(tps)

    def readable(self, tp: tuple[str, int]) -> bool:
        """Whether to fetch from this partition now; partitions of other topics are none of our business."""
        return tp not in self._paused and tp not in self.behind

    def arrived(self, epochs: Mapping[TP, int]) -> list[TP]:
        """These went back to their committed offsets; returns those whose epoch did not end meanwhile."""
        back = [tp for tp, epoch in epochs.items() if self.epochs.get(tp) == epoch]
        self.behind.difference_update(back)
        return back

    def batches(self, tp: TP, epoch: int | None, records: Sequence[Any]) -> list[RecordBatch]:
        """What to hand out of a fetch sent under `epoch`: nothing when that has ended, for the next reads it again."""
        if epoch is None or epoch != self.epochs.get(tp) or not records:
            return []
        after = self._last.get(tp)
        self._last[tp] = records[-1].offset
        return [RecordBatch(tp.topic, tp.partition, epoch, records, after)]

    def expired(self, tp: TP, first: int, end: int) -> None:
        """Retention has deleted what stood from `first` to before `end`; nothing, where `end` is not beyond it."""
        if first < end:
            self._offsets.expired(tp, first, end)

    def due(self) -> dict[TP, int]:
        """What the ledger says and Kafka has not confirmed yet in this epoch; never backwards."""
        said = {tp: self._offsets.committable(tp, epoch) for tp, epoch in self.epochs.items()}
        return {tp: offset for tp, offset in said.items() if offset is not None and offset > self.confirmed.get(tp, -1)}

    def confirm(self, offsets: Mapping[TP, int], epochs: Mapping[TP, int]) -> None:
        """Kafka confirmed these offsets, which were due under `epochs`."""
        self.confirmed |= {tp: offset for tp, offset in offsets.items() if self.epochs.get(tp) == epochs.get(tp, -1)}
