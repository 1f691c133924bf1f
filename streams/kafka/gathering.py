"""Gathering: a busy consumer lets events come together before it asks for more, so that one poll brings several.

A broker answers a fetch with the first event that it has, and a poll costs as much as several events. So the next fetch
goes out a little after the last one was handed over: at once by an idle process, later by a busy one.

aiokafka asks a broker for the partitions of which nothing is left here, and for no others until that is answered. Where
those have nothing new, the others would run out meanwhile, and wait for as long as a fetch may: up to `fetch_wait_s`.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

MOST_S = 0.008
"""How long a fetch waits of a process that uses all of a core; of one that uses half of it, half as long."""

MANY = 100
"""Records worth a fetch of their own: nobody waits after so many, since more are likely to stand there already."""

BESIDE_MS = 20
"""How long a broker may take over a fetch while there are records of other partitions here."""

MEMORY_S = 0.2
"""About how far back the use of the processor is remembered."""


class Gathering:
    """Times are seconds: `now_s` on a clock that only rises, `cpu_s` of the processor's, used by this process."""

    def __init__(
        self, now_s: Callable[[], float] = time.monotonic, cpu_s: Callable[[], float] = time.process_time
    ) -> None:
        self._now_s, self._cpu_s = now_s, cpu_s
        self._seen_s, self._used_s = now_s(), cpu_s()
        self._share, self._next_s = 0.0, self._seen_s

    def handed_over(self, records: int) -> None:
        """So many were handed over just now."""
        now_s, used_s = self._now_s(), self._cpu_s()
        passed_s = now_s - self._seen_s
        if passed_s > 0:
            share = min((used_s - self._used_s) / passed_s, 1.0)
            self._share += (share - self._share) * min(passed_s / MEMORY_S, 1.0)
            self._seen_s, self._used_s = now_s, used_s
        self._next_s = now_s + (0.0 if records >= MANY else self._share * MOST_S)

    def wait_s(self) -> float:
        """How long the next fetch waits from now on."""
        return max(self._next_s - self._now_s(), 0.0)


def gather_fetches(fetcher: Any, gathering: Gathering) -> None:
    """Let aiokafka's fetcher send its requests when it is time, and keep no partition waiting for others."""
    fetch = fetcher._proc_fetch_request

    async def fetch_in_time(assignment: Any, node: Any, request: Any) -> bool:
        try:
            if (wait_s := gathering.wait_s()) > 0:
                await asyncio.sleep(wait_s)
        except asyncio.CancelledError:
            return False  # the partitions went: aiokafka, who alone cancels this, expects the same of its own wait
        if fetcher._records:
            request._max_wait_ms = min(request._max_wait_ms, BESIDE_MS)
        return bool(await fetch(assignment, node, request))

    fetcher._proc_fetch_request = fetch_in_time
