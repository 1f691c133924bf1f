"""Snapshots as the console would have taken them, for its tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from agents.fleet.switches import Name, Switches, SwitchValue
from penchant.console.history import Point
from penchant.console.samples import Samples
from penchant.console.snapshot import Snapshot
from penchant.operations.control import FleetStatus

AT_MS = 1_795_930_000_000
PAGE = """\
# TYPE penchant_events_total counter
penchant_events_total {events}
# TYPE penchant_calls_total counter
penchant_calls_total {calls}
# TYPE penchant_intents_total counter
penchant_intents_total{{source="model"}} {intents}
penchant_intents_total{{source="rules"}} {rules}
# TYPE penchant_tokens_total counter
penchant_tokens_total{{kind="input"}} {input}
penchant_tokens_total{{kind="cached"}} {cached}
# TYPE penchant_replica_cost_total counter
penchant_replica_cost_total{{pool="own",replica="triton-1"}} {cost}
# TYPE penchant_replica_state gauge
penchant_replica_state{{pool="own",replica="triton-1",state="in"}} {is_in}
penchant_replica_state{{pool="own",replica="triton-1",state="out"}} {is_out}
# TYPE penchant_partition_lag_offsets gauge
penchant_partition_lag_offsets{{partition="1",topic="shopper-events"}} 500
# TYPE penchant_freshness_seconds histogram
penchant_freshness_seconds_bucket{{le="1.0"}} {fast}
penchant_freshness_seconds_bucket{{le="2.0"}} {all}
penchant_freshness_seconds_bucket{{le="+Inf"}} {all}
penchant_freshness_seconds_count {all}
penchant_freshness_seconds_sum {all}
"""
NOTHING = dict.fromkeys(
    ("events", "calls", "intents", "rules", "input", "cached", "cost", "is_out", "fast", "all"), 0
) | {"is_in": 1}


def samples(**values: float) -> Samples:
    """A worker's metrics; what is not given is zero."""
    return Samples.parse(PAGE.format(**(NOTHING | values)))


def worker(**values: object) -> dict[str, Any]:
    """A heartbeat of a worker that is well."""
    well = {
        "version": "0.1.0", "prompt": "v1", "partitions": [0, 1], "lag": 0, "owed": 0, "in_flight": 1, "limit": 10,
        "intents": 5, "freshness_p95_ms": 2_000.0, "loop_lag_p99_ms": 3.0, "away": {}, "obeys": {},
        "metrics": "w1:9100", "at_ms": AT_MS,
    }  # fmt: skip
    return well | values


def snapshot(
    workers: Mapping[str, Mapping[str, Any]] | None = None,
    switches: Mapping[Name, SwitchValue] | None = None,
    points: Sequence[Point] = (),
    pages: Mapping[str, Samples] | None = None,
    **values: Any,
) -> Snapshot:
    """A look at these workers; at one that is well where none are given."""
    alive = {"w1": worker()} if workers is None else {name: dict(each) for name, each in workers.items()}
    fleet = FleetStatus(Switches(switches or {}), alive, ())
    return Snapshot(1, AT_MS, AT_MS, fleet=fleet, points=points, samples=pages or {}, **values)


def thrown(value: str = "on", who: str = "ada@desk") -> SwitchValue:
    """A switch that was thrown four minutes before."""
    return SwitchValue(value, who, AT_MS - 240_000)
