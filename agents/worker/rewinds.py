"""Rewinds: partitions that are read again from their committed offsets, and how soon it may be done again.

A partition that is read again, and comes to the same uncovered event once more, waits longer each time. How long that
event has been waiting is handed on from epoch to epoch, so that health sees it.
"""

import structlog

from agents.health.statistics import Meter
from agents.worker.assignment import Cause
from agents.worker.partition import Partition, Uncovered
from streams.kafka.batches import TP

FIRST_S, LONGEST_S = 0.5, 15.0
"""How long the second rewind in vain waits, and at most any."""

log = structlog.get_logger()


class Rewinds:
    """Counts them by cause. `now_s` is the event loop's time."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._last: dict[TP, tuple[Uncovered, int, float]] = {}
        self._carried: dict[TP, Uncovered] = {}

    def due(self, tp: TP, partition: Partition, now_s: float) -> bool:
        """Whether it may be read again: at once, unless that was done before and nothing came of it."""
        if partition.untold:
            return False
        if partition.stale == "fault":
            return True  # each time one more record is known to be refused
        uncovered, last = partition.uncovered(), self._last.get(tp)
        if uncovered is None or last is None or uncovered.offset > last[0].offset:
            return True
        _, tries, at_s = last
        return now_s - at_s >= min(FIRST_S * 2.0 ** (tries - 1), LONGEST_S)

    def begin(self, tp: TP, partition: Partition, cause: Cause, now_s: float) -> None:
        """It is read again now."""
        uncovered, last = partition.uncovered(), self._last.get(tp)
        self._meter.rewinds[cause] += 1
        tries = 1
        if uncovered is None:
            self._last.pop(tp, None)
        else:
            if last is not None and uncovered.offset <= last[0].offset:
                tries = last[1] + 1
            self._last[tp] = (uncovered, tries, now_s)
            self._carried[tp] = uncovered
        log.info("partition.read_again", partition=tp.partition, cause=cause, tries=tries)

    def carried(self, tp: TP) -> Uncovered | None:
        """What was uncovered when it was read again just now; None of one that came from another worker."""
        return self._carried.pop(tp, None)

    def end(self) -> None:
        """The new epochs have begun."""
        self._carried.clear()
