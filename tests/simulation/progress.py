"""Progress: what must hold of one worker as it goes on. Each finding begins with `alive`, `rewinds` or `switch`."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from agents.health.probes import Health
from agents.health.snapshot import Vitals
from agents.worker.partition import Partition

ALIVE_S = 6.0
"""How long work may be uncovered, while nothing is away, before a worker counts as stuck."""

FROZEN_S = 1.0
"""A worker that has not looked at itself for so long was stopped, and is just going on."""

WINDOW_S, MOST_REWINDS = 10.0, 15
"""How often a partition may be read again in a while."""

OBEYS_S = 2.5
"""How long what is under way may take once a worker has heard of a switch."""


class Progress:
    """One life of a worker."""

    def __init__(self, name: str, health: Health, began_s: float) -> None:
        self._name, self._health = name, health
        self._rewinds: dict[int, deque[float]] = {}
        self._since_s: dict[str, float] = {}
        self._read: dict[int, tuple[Partition, int | None]] = {}
        self._seen_s = began_s

    def rewound(self, partition: int, now_s: float) -> Iterator[str]:
        """A partition is read again now."""
        times = self._rewinds.setdefault(partition, deque())
        times.append(now_s)
        while times[0] < now_s - WINDOW_S:
            times.popleft()
        if len(times) > MOST_REWINDS:
            yield f"rewinds: {self._name} has read partition {partition} {len(times)} times in {WINDOW_S:.0f} s"

    def seen(self, vitals: Vitals) -> Iterator[str]:
        """What the worker sees of itself: no outage, however long, makes it look stuck."""
        if vitals.at_s - self._seen_s > FROZEN_S:  # what passed while it could do nothing does not count
            self._health.observe(replace(vitals, away={"kafka": "it was frozen"}))
        self._seen_s = vitals.at_s
        self._health.observe(vitals)
        judged = self._health.alive(vitals.at_s)
        if not judged.ok:
            yield f"alive: {self._name} would be restarted: {', '.join(judged.reasons)}"

    def lasts(self, what: str, now_s: float, *, on: bool) -> bool:
        """Whether something has gone on for longer than it may."""
        if not on:
            self._since_s.pop(what, None)
            return False
        return self._since_s.setdefault(what, now_s) + OBEYS_S < now_s

    def goes_on(self, partition: Partition, *, halted: bool) -> bool:
        """Whether a partition that operators have paused is read on: its next offset rises."""
        before, after = self._read.pop(partition.number, None), (partition, partition.ledger.next_offset)
        if halted and not partition.taking:
            self._read[partition.number] = after
        return halted and before is not None and before[0] is partition and before[1] != after[1]
