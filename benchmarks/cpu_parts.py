"""CPU parts: where the processor time of a worker goes, by sampling what its main thread does.

A sample stands for the thread's processor time since the one before. It counts for the innermost frame that is of a
part. What the process used beyond its main thread is Kafka's thread, and others.
"""

import signal
import time
from types import FrameType

from penchant.offline.facts import ROOT

EVERY_S = 0.004

PARTS = (
    ("streams/events/", "decode"),
    ("streams/sessions/packing", "pack"),
    ("streams/sessions/", "fold"),
    ("agents/worker/ingest", "fold"),
    ("agents/worker/partition", "fold"),
    ("prompts/", "prompt and intent"),
    ("streams/records/", "prompt and intent"),
    ("agents/worker/reasoning", "prompt and intent"),
    ("agents/worker/recall", "load"),
    ("clients/", "client"),
    ("benchmarks/instant_model", "client"),
    ("storage/", "write and read"),
    ("agents/worker/parking", "park"),
    ("agents/", "serve"),
    ("/faust/", "poll"),
    ("/mode/", "poll"),
    ("/aiokafka/", "poll"),
    ("streams/kafka/", "poll"),
)
"""Pieces of a file's path, and the part that its code is of; the first that fits counts."""

REST, THREADS = "event loop", "other threads"


class CpuParts:
    """Samples between `start` and `stop`; in the main thread alone, where signals arrive."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._known: dict[str, str | None] = {}
        self._thread_s = self._process_s = 0.0

    def start(self) -> None:
        """Sample from now on."""
        self._thread_s, self._process_s = time.thread_time(), time.process_time()
        self._began_s = self._thread_s
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def stop(self) -> dict[str, float]:
        """Seconds of processor time by part, the largest first."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        threads_s = time.process_time() - self._process_s - (time.thread_time() - self._began_s)
        self._seconds[THREADS] = max(threads_s, 0.0)
        return dict(sorted(self._seconds.items(), key=lambda each: -each[1]))

    def _sample(self, _: int, frame: FrameType | None) -> None:
        now_s = time.thread_time()
        part = self._part(frame)
        self._seconds[part] = self._seconds.get(part, 0.0) + now_s - self._thread_s
        self._thread_s = now_s

    def _part(self, frame: FrameType | None) -> str:
        while frame is not None:
            path = frame.f_code.co_filename
            if path not in self._known:
                inner = path.rpartition("site-packages/")[2].removeprefix(str(ROOT))
                self._known[path] = next((part for piece, part in PARTS if piece in inner), None)
            if (part := self._known[path]) is not None:
                return part
            frame = frame.f_back
        return REST
