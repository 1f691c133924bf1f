"""Models: the servers, how full they are, and what was ejected."""

from collections.abc import Mapping
from typing import Any, get_args

from clients.pools.ejection import Cause
from penchant.console.changes import replica_states
from penchant.console.pipeline import total
from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import a_second, count, many, money, seconds, share

STATES = {"in": "in", "trial": "on trial", "out": "out"}


def models(seen: Snapshot) -> dict[str, Any]:
    """A row a server, as all workers see it together."""
    states = replica_states(seen)
    out = [name for (_, name), state in states.items() if state == "out"]
    answer = f"{', '.join(out)} out." if out else f"{many(len(states), 'model server')} in, none is out."
    if not states:
        answer = "No worker tells of its model servers."
    used, limit = total(seen, "in_flight"), total(seen, "limit")
    reason = f"{used:,.0f} of {limit:,.0f} slots are in use, {a_second(seen.now.calls_per_s, 'calls')}."
    if not seen.samples:
        reason += " Workers tell more where health.port is set."
    return {
        "banner": banner(seen),
        "answer": answer,
        "reason": reason,
        "rows": [_replica(seen, pool, name, state) for (pool, name), state in sorted(states.items())],
        "figures": _figures(seen),
    }


def _replica(seen: Snapshot, pool: str, name: str, state: str) -> dict[str, Any]:
    which = {"pool": pool, "replica": name}
    failed = sum(seen.total("replica_calls_total", **which, outcome=how) or 0 for how in ("failed", "refused", "late"))
    causes = {cause: seen.total("replica_ejections_total", **which, cause=cause) or 0 for cause in get_args(Cause)}
    return {
        "pool": pool,
        "name": name,
        "state": state,
        "words": STATES[state] if state != "in" or _mean(seen, "replica_at_work", which) != 0.0 else "idle",
        "in_flight": count(seen.total("replica_in_flight", **which)),
        "limit": count(seen.total("replica_limit", **which)),
        "first_token": seconds(_mean(seen, "replica_first_token_seconds", which)),
        "error": _error(seen, name),
        "service": seconds(_mean(seen, "replica_service_seconds", which) or None),
        "answered": count(seen.total("replica_calls_total", **which, outcome="answered")),
        "failed": count(failed),
        "ejections": ", ".join(f"{number:,.0f} by {cause}" for cause, number in causes.items() if number) or "none",
        "kv_hits": share(_mean(seen, "replica_kv_hit_rate", which)),
        "router_queue": count(_mean(seen, "replica_router_queue", which)),
        "cost": money(seen.total("replica_cost_total", **which) or None),
    }


def _mean(seen: Snapshot, name: str, which: Mapping[str, str]) -> float | None:
    """Of what each worker has seen; None where none has."""
    found = [value for each in seen.samples.values() if (value := each.total(name, **which)) is not None]
    return sum(found) / len(found) if found else None


def _error(seen: Snapshot, name: str) -> str:
    """The last failure of a server that a worker tells of, by the heartbeats; empty where there was none lately."""
    told = [tuple(error) for worker in seen.workers.values() if (error := worker.get("errors", {}).get(name))]
    if not told:
        return ""
    age_s, why = min(told)
    return f"{seconds(age_s)} ago: {why}"


def _figures(seen: Snapshot) -> list[tuple[Any, str]]:
    tokens = {kind: seen.total("tokens_total", kind=kind) for kind in ("input", "cached", "output")}
    calls = seen.total("calls_total")
    cached = (tokens["cached"] or 0) / tokens["input"] if tokens["input"] else None
    per_call = (tokens["output"] or 0) / calls if calls else None
    return [
        (count(calls), "calls since the workers began"),
        (count(seen.total("call_failures_total")), "failed, and were tried again"),
        (count(tokens["input"]), "prompt tokens"),
        (share(cached), "of them cached"),
        (count(per_call), "answer tokens a call"),
        (count(seen.total("answers_refused_total")), "answers that were no intents"),
        (money(seen.total("replica_cost_total") or None), "spent" if seen.total("replica_cost_total") else "no prices"),
        (money(seen.now.cost_per_thousand), "per 1,000 intents now"),
    ]
