"""Model side: the metrics of the model servers, one by one. See vocabulary.py."""

from collections.abc import Callable, Iterable
from typing import get_args

from agents.worker.instruments import Instruments
from clients.pools.ejection import Cause
from clients.pools.replicas import Replica, State
from penchant.telemetry.metrics.readings import Reading, Sample
from penchant.telemetry.metrics.words import Metric, WorkerMetric

REPLICA = ("pool", "replica")


def replicas(value: Callable[[Replica], float]) -> Reading[Instruments]:
    """Something of each model server."""
    return lambda instruments: [((each.pool, each.name), value(each)) for each in instruments.replicas()]


def reported(value: Callable[[Replica], float | None]) -> Reading[Instruments]:
    """Something that some model servers tell; nothing of the others."""
    return lambda instruments: [
        ((each.pool, each.name), found) for each in instruments.replicas() if (found := value(each)) is not None
    ]


def states(instruments: Instruments) -> Iterable[Sample]:
    """1 for the state that each server is in."""
    for each in instruments.replicas():
        for state in get_args(State):
            yield (each.pool, each.name, state), each.state == state


def outcomes(instruments: Instruments) -> Iterable[Sample]:
    """Calls that have ended, by how."""
    for each in instruments.replicas():
        counts = each.counts
        ended = {
            "answered": counts.answers,
            "failed": counts.failures,
            "refused": counts.overloads,
            "late": counts.late,
        }
        for outcome, count in ended.items():
            yield (each.pool, each.name, outcome), count


def detours(instruments: Instruments) -> Iterable[Sample]:
    """Calls that came to a server which is not their shopper's, by why."""
    for each in instruments.replicas():
        counts = each.counts
        taken = {
            "non_local": counts.non_local,
            "spilled": counts.spilled,
            "retried": counts.retries,
            "hedged": counts.hedges,
        }
        for why, count in taken.items():
            yield (each.pool, each.name, why), count


def ejections(instruments: Instruments) -> Iterable[Sample]:
    """How often each server was ejected, by cause."""
    for each in instruments.replicas():
        for cause in get_args(Cause):
            yield (each.pool, each.name, cause), each.counts.ejections[cause]


def cost_per_intent(instruments: Instruments) -> Iterable[Sample]:
    """What an intent of a model has cost so far; nothing without prices or intents."""
    cost = sum(each.cost for each in instruments.replicas())
    meter = instruments.meter
    made = meter.intents - meter.rules_intents
    return [((), cost / made)] if cost and made else []


MODEL_SIDE: tuple[WorkerMetric, ...] = (
    Metric(
        "gauge", "replica_state", "1 for the state of a model server: in, on trial after an ejection, or out.",
        "`out`: the log and the alert say why. Of several servers one alone: look at its GPU and host.",
        states, (*REPLICA, "state"),
    ),
    Metric(
        "gauge", "replica_at_work",
        "1 for a server that calls go to, 0 for one that routing.call_budget_s leaves idle.",
        "0 for days: take it away, or lend it. All 1 with a small load: calls are slower than the budget.",
        replicas(lambda each: each.usable and each.share > 0), REPLICA,
    ),
    Metric(
        "counter", "replica_ejections",
        "How often a server was taken out: its calls or probes failed, or it was far slower than its peers or answered "
        "otherwise.",
        "`speed` on one host again and again: its GPU degrades (clocks, ECC, a neighbour); drain it.",
        ejections, (*REPLICA, "cause"),
    ),
    Metric(
        "gauge", "replica_differing_answers",
        "How often in a row a server answered the golden prompt otherwise than its peers, while they agreed.",
        "3 and more: drain it and test its GPU. During a release the new ones differ until they are many.",
        replicas(lambda each: each.outlier_detector.differing), REPLICA,
    ),
    Metric(
        "counter", "replica_calls", "Calls that have ended, by how: answered, failed, refused as overload, or late.",
        "`refused` everywhere: the pool is full, add servers. `failed` on one: it is about to be ejected.",
        outcomes, (*REPLICA, "outcome"),
    ),
    Metric(
        "counter", "replica_detours",
        "Calls not at the shopper's own server: non-local (it was full), spilled (its pool was full), retried, hedged.",
        "`non_local` grows: shoppers lose their KV cache; add servers, or raise routing.locality_wait_s.",
        detours, (*REPLICA, "why"),
    ),
    Metric(
        "gauge", "replica_in_flight", "Calls at a server now.",
        "At `replica_limit` all the time: the server is the bottleneck.",
        replicas(lambda each: each.limiter.in_flight.total()), REPLICA,
    ),
    Metric(
        "gauge", "replica_limit", "How many calls a server may have at once, as it was found out.",
        "Falls on one server while the others stay: it has become slower or shares its GPU.",
        replicas(lambda each: each.limiter.limit.calls), REPLICA,
    ),
    Metric(
        "gauge", "replica_service_seconds", "How long a server works on a call, without waiting; 0 before it is known.",
        "Far above its peers of the same weight: as above.",
        replicas(lambda each: each.outlier_detector.service_s or 0.0), REPLICA,
    ),
    Metric(
        "gauge", "replica_first_token_seconds",
        "From a request to the first token at a server, its own queue included, on average; where it tells.",
        "Grows on one alone: its queue is long, or its prompts are not cached; compare `replica_kv_hit_rate`.",
        reported(lambda each: each.first_token_s), REPLICA,
    ),
    Metric(
        "gauge", "replica_kv_hit_rate",
        "Which share of a prompt's KV blocks a router found at the worker that it chose, on average; where it tells.",
        "Falls while `tokens_total{kind=\"cached\"}` does: its affinity is off, or the caches are too small.",
        reported(lambda each: each.kv_hit_rate), REPLICA,
    ),
    Metric(
        "gauge", "replica_router_queue", "How many calls waited in a router at the last answer; where it tells.",
        "Above 0 all the time: the workers behind it are full; add some.",
        reported(lambda each: each.router_queue), REPLICA,
    ),
    Metric(
        "counter", "replica_cost", "What the calls at a server cost, in the currency of its prices; 0 without prices.",
        "Rises on a rented pool: the own ones spill; add servers there.",
        replicas(lambda each: each.cost), REPLICA,
    ),
    Metric(
        "gauge", "intent_cost", "What an intent of a model has cost on average, in the currency of the prices.",
        "Rises: prompts are longer, less of them is cached, or the pools are too large for the traffic.",
        cost_per_intent,
    ),
)  # fmt: skip
"""In the order in which an operator asks."""
