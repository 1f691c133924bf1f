"""The work that every system of the ingest benchmark does, so that only the way to it differs.

Each script beside this one is run as `SCRIPT BOOTSTRAP TOPIC EVENTS CORE` with the repository on its path. It reads the
topic from the beginning in one process, on one core, and prints what `Folding.report` says.
"""

import json
import os
import resource
import sys
import time
import zlib

from streams.events.closely import EVENT
from streams.events.event import ShopperEvent
from streams.events.wire import Wire
from streams.sessions.session import Session, SessionRules, fold


class Folding:
    """Validates events and folds them into their shoppers' sessions; ends the process after the last one.

    The clock runs from the first event to the last, so that starting and joining a group do not count.
    """

    def __init__(self) -> None:
        self.bootstrap, self.topic, events, core = sys.argv[1:]
        self.group = f"{self.topic}-{os.getpid()}"  # of its own: everyone reads from the beginning
        self._events = self._left = int(events)
        self._sessions: dict[str, Session] = {}
        self._wire, self._rules = Wire(products=65_536), SessionRules()
        self._began_s = self._began_cpu_s = 0.0
        if core:
            os.sched_setaffinity(0, {int(core)})

    def begin(self) -> None:
        """The first event is here. Harmless when called again."""
        if not self._began_s:
            self._began_s, self._began_cpu_s = time.perf_counter(), time.process_time()

    def value(self, value: bytes, offset: int, timestamp_ms: int) -> None:
        """One record's value as it came from Kafka, read as Penchant's decoder reads it."""
        self.begin()
        self.event(self._wire.read(value) or EVENT.validate_json(value), offset, timestamp_ms)

    def event(self, event: ShopperEvent, offset: int, timestamp_ms: int) -> None:
        """One event that was validated elsewhere."""
        session = self._sessions.get(event.shopper_id)
        if session is None:
            session = self._sessions[event.shopper_id] = Session()
        fold(session, event, offset, timestamp_ms, self._rules)
        self._left -= 1
        if not self._left:
            self.report()

    def report(self) -> None:
        """Print the figures as JSON and end the process at once: how a system shuts down is not measured."""
        figures = {
            "events": self._events,
            "seconds": time.perf_counter() - self._began_s,
            "cpu_s": time.process_time() - self._began_cpu_s,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "digest": self._digest(),
        }
        os.write(sys.__stdout__.fileno(), json.dumps(figures).encode() + b"\n")
        os._exit(0)

    def _digest(self) -> int:
        """The same for all who folded the same events to the same sessions, in whatever order of partitions."""
        told = (f"{who} {each.folded} {each.events} {each.height}" for who, each in self._sessions.items())
        return sum(zlib.crc32(line.encode()) for line in told)
