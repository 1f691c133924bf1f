"""Collector: when Python looks for garbage in cycles.

By itself it looks through all sessions whenever they have grown by a quarter or been changed as much, and nothing else
runs meanwhile. Nearly all that a worker makes is in no cycle and goes without it; docs/decisions/ has the figures.
"""

import asyncio
import gc
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

LOOK_S = 5.0
NEVER = 1_000_000_000
YOUNG_S = 20e-6
"""How long a look takes at the least for each collection of the young since the last one."""

STATM = Path("/proc/self/statm")
"""Where Linux tells a process how many pages it holds."""

MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
"""The unit of the most memory that a process has held."""

Scope = Literal["all", "new", "nothing"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CollectorRules:
    """While somebody waits for a call nothing is looked through: what is there is held to be needed for good. In a
    quiet moment what is new since then is, and all of it after `every_s`. Neither where that would take longer than
    `bound_s`. The young are collected as ever."""

    every_s: float = 3_600.0
    bound_s: float = 0.03

    def scope(self, since_s: float, all_s: float, new_s: float, *, quiet: bool) -> Scope:
        """What to look through now: `since_s` is when all was last, and the others how long it would take."""
        if quiet and since_s >= self.every_s and all_s <= self.bound_s:
            return "all"
        return "new" if quiet and new_s <= self.bound_s else "nothing"


def resident_bytes(statm: Path = STATM) -> int:
    """The memory that this process holds now; the most that it has held, where the system does not tell."""
    try:
        return int(statm.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES


class Looks:
    """How long looks take, in seconds of processor time: through all by the memory that is held, through what is new by
    how often the young were collected meanwhile. Python can count its blocks of memory, but that alone takes 30 ms for
    each gigabyte."""

    def __init__(self, all_s: float, memory: Callable[[], int] = resident_bytes) -> None:
        self._memory = memory
        self._share_s, self._young_s = all_s / memory(), YOUNG_S
        self._young = _young_collections()

    def expected_s(self) -> tuple[float, float]:
        """Through all, and through what is new."""
        return self._memory() * self._share_s, (_young_collections() - self._young) * self._young_s

    def look(self, scope: Scope) -> int:
        """Look, and freeze what is left; returns what was found."""
        memory, young = self._memory(), _young_collections() - self._young
        began_s = time.thread_time()
        if scope == "all":
            gc.unfreeze()
        found = gc.collect() if scope != "nothing" else 0
        took_s = time.thread_time() - began_s
        if scope == "all":
            self._share_s = took_s / memory
        elif scope == "new" and young:
            self._young_s = max(took_s / young, YOUNG_S)
        gc.freeze()
        self._young = _young_collections()
        return found


async def collect(rules: CollectorRules, quiet: Callable[[], bool], look_s: float = LOOK_S) -> None:
    """Take over the collector until cancelled. What is there then, code and sessions, is not looked through at the end:
    with a million sessions that would hold up the stop by a second."""
    with _taken_over() as looks:
        all_s = time.monotonic()
        while True:
            await asyncio.sleep(look_s)
            now_s = time.monotonic()
            scope = rules.scope(now_s - all_s, *looks.expected_s(), quiet=quiet())
            found = looks.look(scope)
            all_s = now_s if scope == "all" else all_s
            log.debug("collector.ran", scope=scope, pause_ms=round((time.monotonic() - now_s) * 1e3, 1), found=found)


def _young_collections() -> int:
    young, middle, _ = gc.get_stats()
    return int(young["collections"] + middle["collections"])


@contextmanager
def _taken_over() -> Iterator[Looks]:
    young, middle, old = gc.get_threshold()
    began_s = time.thread_time()
    gc.collect()
    looks = Looks(time.thread_time() - began_s)
    gc.freeze()
    gc.set_threshold(young, 0, NEVER)  # 0: what survives once is old, so that even young collections are short
    try:
        yield looks
    finally:
        gc.set_threshold(young, middle, old)
