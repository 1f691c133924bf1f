"""Collector: when Python looks for garbage in cycles.

By itself it looks through all sessions whenever they have grown by a quarter or been changed as much, and nothing else
runs meanwhile. Nearly all that a worker makes is in no cycle and goes without it; docs/decisions/ has the figures.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

LOOK_S = 5.0
NEVER = 1_000_000_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CollectorRules:
    """A full collection is wanted, and made when nobody waits for a call, once memory has grown by `wanted` since the
    last one, or after `every_s`; at `needed` or twice the time it is made at once. The young are collected as ever."""

    every_s: float = 3_600.0
    wanted: float = 1.5
    needed: float = 2.0

    def due(self, since_s: float, grown: float, *, quiet: bool) -> bool:
        """Whether to collect now, `since_s` after the last time; `grown` is memory now over memory then."""
        if since_s >= 2 * self.every_s or grown >= self.needed:
            return True
        return quiet and (since_s >= self.every_s or grown >= self.wanted)


async def collect(rules: CollectorRules, quiet: Callable[[], bool], look_s: float = LOOK_S) -> None:
    """Take over the collector until cancelled. What is there now, mostly code, is never looked through again."""
    with _taken_over():
        last_s, last_blocks = time.monotonic(), sys.getallocatedblocks()
        while True:
            await asyncio.sleep(look_s)
            now_s, blocks = time.monotonic(), sys.getallocatedblocks()
            if rules.due(now_s - last_s, blocks / last_blocks, quiet=quiet()):
                found = gc.collect()
                last_s, last_blocks = time.monotonic(), sys.getallocatedblocks()
                log.debug("collector.ran", pause_ms=round((last_s - now_s) * 1e3, 1), found=found)


@contextmanager
def _taken_over() -> Iterator[None]:
    young, middle, old = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(young, 0, NEVER)  # 0: what survives once is old, so that even young collections are short
    try:
        yield
    finally:
        gc.set_threshold(young, middle, old)
        gc.unfreeze()
