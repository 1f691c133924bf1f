"""Ranges: freshness and other lines over hours and days, from a Prometheus, asked no oftener than charts change."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import structlog

from penchant.console.lines import LINES
from penchant.console.scrape import text_of
from penchant.telemetry.rules.panels import quantile

HOURS = (1, 6, 24, 168)
"""What may be asked for."""

POINTS = 360
"""About so many points a line, however long the range is."""

LEAST_STEP_S, LEAST_RATE_S = 15, 60
WITHIN_S, EVERY_S = 5.0, 15.0
SHARES = (0.5, 0.95, 0.99)
METRIC = "penchant_freshness_seconds"
QUERIES = (*(quantile(share, METRIC) for share in SHARES), *(line.query for line in LINES))

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Range:
    """Columns: seconds since the epoch, then p50, p95 and p99 in seconds, then one for each of LINES; None where
    nothing is known. `missing` says why there are none, or not all."""

    columns: Sequence[Sequence[float | None]] = ()
    missing: str = ""


class PrometheusRanges:
    """Of the Prometheus at `url`, which scrapes the workers. Close it."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.AsyncClient(timeout=WITHIN_S, trust_env=False)
        self._asking = asyncio.Lock()
        self._kept: dict[int, tuple[float, Range]] = {}

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def read(self, hours: int, now_s: float) -> Range:
        """The last of HOURS up to a time, in seconds since the epoch. It raises nothing: what cannot be had is said."""
        async with self._asking:
            asked_s, kept = self._kept.get(hours, (float("-inf"), Range()))
            if time.monotonic() < asked_s + EVERY_S:
                return kept
            found = await self._read(hours, now_s)
            self._kept[hours] = time.monotonic(), found
            return found

    async def _read(self, hours: int, now_s: float) -> Range:
        step = max(LEAST_STEP_S, math.ceil(hours * 3_600 / POINTS))
        end = int(now_s) // step * step
        times = range(end - hours * 3_600, end + 1, step)
        window = f"{max(step, LEAST_RATE_S)}s"
        lines, why = list[Sequence[float | None]](), ""
        try:
            async with asyncio.timeout(WITHIN_S):
                for query in QUERIES:
                    lines.append(await self._line(query, window, times))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TimeoutError) as error:
            why = f"Prometheus does not tell: {_words(error)}"
            log.warning("prometheus.unread", hours=hours, why=why)
            if len(lines) < len(SHARES):
                return Range(missing=why)
            lines += [[None] * len(times)] * (len(QUERIES) - len(lines))  # freshness stands without them
        known = any(value is not None for line in lines[: len(SHARES)] for value in line)
        if not known:
            return Range(missing=f"Prometheus knows no {METRIC} of that time: does it scrape the workers?")
        return Range([[float(at) for at in times], *lines], why)

    async def _line(self, query: str, window: str, times: range) -> list[float | None]:
        """A value for each time. ValueError for what is no answer of Prometheus."""
        query = query.replace("$__rate_interval", window)
        span = {"start": str(times[0]), "end": str(times[-1]), "step": str(times.step)}
        answer = orjson.loads(await text_of(self._client, f"{self._url}/api/v1/query_range", {"query": query, **span}))
        values = dict(_values(answer))
        return [values.get(at) for at in times]


def _values(answer: Any) -> Sequence[tuple[int, float]]:
    """The one series of an answer, without what is no number."""
    match answer:
        case {"status": "success", "data": {"resultType": "matrix", "result": []}}:
            return ()
        case {"status": "success", "data": {"resultType": "matrix", "result": [{"values": list(values)}]}}:
            pairs = [(round(float(at)), float(value)) for at, value in values]
            return [(at, round(value, 4)) for at, value in pairs if math.isfinite(value)]
    raise ValueError("it gives no series of numbers")


def _words(error: Exception) -> str:
    """Without the address, which may hold a password."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}"
    return type(error).__name__ if isinstance(error, httpx.HTTPError | httpx.InvalidURL | TimeoutError) else str(error)
