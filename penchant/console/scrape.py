"""Scrape: the /metrics of the fleet's workers, each as often as the fleet's size allows."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx
import structlog

from penchant.console.samples import Samples

WITHIN_S = 1.0
AT_ONCE = 8
A_SECOND = 20
"""How many workers are read a second: a page costs the console about 2 ms, and a worker as much."""

MOST_BYTES = 4_000_000
FORGOTTEN_S = 30.0
"""What was read longer ago is no longer shown."""

log = structlog.get_logger()


class Scraper:
    """Remembers what each worker said last. Close it."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=WITHIN_S, trust_env=False)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._read: dict[str, tuple[float, Samples]] = {}
        self._tried_s: dict[str, float] = {}

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def read(self, workers: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Samples]:
        """What these workers said, by name, from their heartbeats; those that cannot be read are not there."""
        now_s = time.monotonic()
        places = {name: str(told["metrics"]) for name, told in workers.items() if told.get("metrics")}
        for known in (self._read, self._tried_s):
            for gone in known.keys() - places.keys():
                del known[gone]
        due = sorted(places, key=lambda name: self._tried_s.get(name, 0.0))[:A_SECOND]
        await asyncio.gather(*(self._look(name, places[name], now_s) for name in due))
        return {name: samples for name, (at_s, samples) in self._read.items() if at_s > now_s - FORGOTTEN_S}

    async def _look(self, worker: str, place: str, now_s: float) -> None:
        self._tried_s[worker] = now_s
        try:
            async with self._slots, asyncio.timeout(WITHIN_S):
                self._read[worker] = now_s, Samples.parse(await text_of(self._client, f"http://{place}/metrics"))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            log.debug("metrics.unread", worker=worker, place=place, error=str(error) or type(error).__name__)


async def text_of(client: httpx.AsyncClient, url: str, query: Mapping[str, str] | None = None) -> str:
    """What is served there; httpx.HTTPError, and ValueError when it is too long or no text."""
    parts: list[bytes] = []
    async with client.stream("GET", url, params=query) as answer:
        answer.raise_for_status()
        async for part in answer.aiter_bytes():
            parts.append(part)
            if sum(map(len, parts)) > MOST_BYTES:
                raise ValueError(f"more than {MOST_BYTES:,} bytes")
    return b"".join(parts).decode()
