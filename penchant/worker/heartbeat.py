"""Heartbeat: what a worker tells the fleet of itself, once a second."""

import time
from heapq import nlargest
from typing import Any

from agents.worker.instruments import Instruments
from clients.pools.client import PooledClient
from penchant import __version__
from penchant.settings.root import Settings

MOST_ERRORS, SHOWN = 4, 120
"""A heartbeat tells the last failure of so many model servers, in so many characters."""


def heartbeat_of(settings: Settings, instruments: Instruments, pools: PooledClient) -> dict[str, Any]:
    """What `penchant control status` shows of a worker."""
    vitals, meter = instruments.health.vitals, instruments.meter
    partitions = vitals.partitions if vitals else ()
    lag = instruments.loop_lag.percentiles_ms()
    return {
        "version": __version__,
        "prompt": settings.prompts.template(settings.prompt.version).version,
        "partitions": sorted(each.number for each in partitions),
        "held_s": {
            str(each.number): round(vitals.at_s - each.held_s, 1) for each in partitions if each.held_s and vitals
        },
        "lag": sum(each.lag or 0 for each in partitions),
        "owed": vitals.owed if vitals else 0,
        "in_flight": meter.in_flight,
        "limit": sum(each.limiter.limit.calls for each in pools.replicas if each.usable),
        "intents": meter.intents,
        "freshness_p95_ms": (meter.percentiles() or {}).get("p95"),
        "in_time_for_next": meter.in_time_for_next(),
        "model_freshness_p95_ms": (meter.model_percentiles() or {}).get("p95"),
        "loop_lag_p99_ms": (lag or {}).get("p99"),
        "away": dict(vitals.away) if vitals else {},
        "rebalances": vitals.rebalances if vitals else 0,
        "errors": _errors(instruments),
        "metrics": settings.health.advertised,
    }


def _errors(instruments: Instruments) -> dict[str, tuple[float, str]]:
    """The last failure of some model servers, those of late: how long ago, in seconds, and why."""
    now_s = time.monotonic()
    failed = [(each.last_failure, each.name) for each in instruments.replicas() if each.last_failure is not None]
    return {name: (round(now_s - at.at_s, 1), at.why[:SHOWN]) for at, name in nlargest(MOST_ERRORS, failed)}
