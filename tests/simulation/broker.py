"""The broker: one topic, one group, and a cast of consumers that are told of new records."""

import random
from collections.abc import Callable, Mapping

from sandbox.clock import Clock
from streams.kafka.batches import TP
from tests.simulation.log import TOPIC, Group, Isolation, Record, Segment
from tests.simulation.trace import Trace
from tests.simulation.wire import Weather


class Broker:
    """What a consumer may ask of Kafka. `watch` hears of every commit before it counts."""

    def __init__(self, clock: Clock, partitions: int, chance: random.Random, trace: Trace, session_s: float) -> None:
        self.weather = Weather()
        self.segments = {TP(TOPIC, number): Segment() for number in range(partitions)}
        self.group = Group(list(self.segments), chance, session_s, rebalance_s=2 * session_s)
        self.watch: Callable[[str, TP, int], None] = lambda *_: None
        self.ringing: dict[str, Callable[[TP], None]] = {}
        self._clock, self._trace = clock, trace

    def append(
        self, tp: TP, timestamp_ms: int, key: bytes | None, value: bytes | None, *, aborted: bool = False
    ) -> Record:
        """Store a record and wake those who wait for one."""
        record = self.segments[tp].append(timestamp_ms, key, value, aborted=aborted)
        for ring in self.ringing.values():
            ring(tp)
        return record

    def fetch(
        self, positions: Mapping[TP, int], most: int, isolation: Isolation = "read_committed"
    ) -> dict[TP, list[Record]]:
        """What stands at these positions, in the order asked, `most` records in all."""
        fetched = {}
        for tp, position in positions.items():
            records = self.segments[tp].read(position, most, isolation)
            if records:
                fetched[tp] = records
                most -= len(records)
        return fetched

    def begins(self) -> dict[TP, int]:
        """The first offset of each partition that is not deleted."""
        return {tp: segment.begin for tp, segment in self.segments.items()}

    def ends(self) -> dict[TP, int]:
        """The offset after the last record of each partition that has any."""
        return {tp: segment.offsets[-1] + 1 for tp, segment in self.segments.items() if segment.offsets}

    def heartbeat(self, name: str, generation: int) -> None:
        """Refused when a rebalance is under way."""
        self.group.heartbeat(name, generation, self._clock.now_s)

    def join(self, name: str) -> tuple[int, list[TP]] | None:
        """None: not everybody is there yet."""
        return self.group.join(name, self._clock.now_s)

    def leave(self, name: str) -> None:
        """The consumer stops."""
        self.group.leave(name, self._clock.now_s)

    def committed(self) -> dict[TP, int]:
        """All committed offsets; a partition without one begins at the beginning."""
        return dict(self.group.committed)

    def commit(self, name: str, generation: int, offsets: Mapping[TP, int]) -> None:
        """Commit, unless the member or its generation is of the past."""
        self.group.commit(name, generation, offsets)
        for tp, offset in offsets.items():
            self._trace.say("broker", f"{name} commits {tp.partition}/{offset}")
            self.watch(name, tp, offset)

    def rebalance(self) -> None:
        """As if somebody had joined and left again."""
        self.group.rebalance(self._clock.now_s)
