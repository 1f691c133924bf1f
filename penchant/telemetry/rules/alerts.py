"""Alerts: what somebody has to be told, after how long, and how urgently."""

from dataclasses import dataclass

from penchant.telemetry.rules.objectives import OBJECTIVES, Burn, Objective, Severity, burns


@dataclass(frozen=True, slots=True)
class Alert:
    """`lasting` is how long it holds before it fires. `then` is what to do first; the runbook adds what the vocabulary
    says of the metrics in `expression`, and of those in `see`."""

    name: str
    expression: str
    lasting: str
    severity: Severity
    summary: str
    then: str
    see: tuple[str, ...] = ()


def _burn(objective: Objective, burn: Burn) -> Alert:
    budget = f"{burn.factor:g} * {round(1 - objective.target, 4):g}"
    long, short = objective.record(burn.long), objective.record(burn.short)
    return Alert(
        f"Penchant{''.join(map(str.capitalize, objective.name.split('_')))}BudgetBurns{burn.long}",
        f"{long} > {budget} and {short} > {budget}",
        "2m",
        burn.severity,
        f"{objective.meaning} Over {burn.long} too many are not: more than {burn.factor:g} times what "
        f"{objective.target:.0%} leaves.",
        "Look at the dashboard `Penchant: shoppers`, which says where the time goes: waiting for a slot, at the model, "
        "or at Redis.",
        (objective.cause, "penchant_call_seconds", "penchant_redis_seconds"),
    )


FAULTS = (
    "sum by (work, kind) (increase(penchant_faults_total[1h])) > 0 "
    "or sum by (work, kind) (penchant_faults_total unless penchant_faults_total offset 1h) > 0"
)
"""The second half sees the first fault of a kind: its series begins with 1, which is no increase."""

UNDER_WAY = 'penchant_jobs{state!="paused"}'
LAST_TOLD = f"topk(2, max_over_time(timestamp({UNDER_WAY})[1d:1m]))"
NO_RUNNER = f"max((last_over_time({UNDER_WAY}[1d]) > 0) and {LAST_TOLD}) unless on () count(penchant_job_runners) > 0"
"""Who told of jobs last is asked, since nobody tells of them any more: its two states have the latest time."""

OWN = (
    Alert(
        "PenchantAbsent", "absent(penchant_alive)", "5m", "page", "No worker is scraped.",
        "See whether workers run, whether `health.port` is set, and whether Prometheus finds them.",
        ("penchant_alive",),
    ),
    Alert(
        "PenchantStuck", "penchant_alive == 0", "2m", "page", "A worker is stuck, and a restart may help.",
        "Read `/alive`, which says why; keep the log before the orchestrator restarts the worker.",
    ),
    Alert(
        "PenchantWorkerRestarts", "sum by (instance, worker) (increase(penchant_worker_restarts_total[30m])) > 3", "0m",
        "ticket", "A worker of several on one host ends again and again.",
        "Read its last lines in the log; the others have its partitions meanwhile.", ("penchant_worker_up",),
    ),
    Alert(
        "PenchantDependencyDown", 'min by (dependency) (penchant_dependency_up{dependency!="model"}) == 0', "2m",
        "page", "Kafka, Redis or the dead-letter topic does not answer a worker.",
        "Run `penchant doctor`, which names the cause; nothing is lost while it lasts.",
    ),
    Alert(
        "PenchantModelDown", 'min(penchant_dependency_up{dependency="model"}) == 0', "5m", "ticket",
        "No model server answers a worker; the rules stand in.",
        "Run `penchant doctor`, which names the cause, and look at the servers.", ("penchant_replica_state",),
    ),
    Alert(
        "PenchantReplicaOut", 'max by (pool, replica) (penchant_replica_state{state="out"}) == 1', "10m", "ticket",
        "A model server was taken out, and is not back.", "Look at its GPU, its host and its log.",
        ("penchant_replica_ejections_total",),
    ),
    Alert(
        "PenchantReplicaDiffers", "max by (pool, replica) (penchant_replica_differing_answers) >= 3", "0m", "ticket",
        "A model server answers the golden prompt otherwise than its peers.",
        "Drain it and test its GPU; compare its model, engine and settings with those of its peers.",
        ("penchant_replica_differing_answers",),
    ),
    Alert(
        "PenchantLagGrows",
        "sum by (topic) (penchant_partition_lag_offsets) > 10000 "
        "and sum by (topic) (deriv(penchant_partition_lag_offsets[15m])) > 0",
        "15m", "page", "Events come faster than they are taken in.",
        "Add workers, up to the number of partitions; see first whether partitions are paused.",
        ("penchant_partition_paused",),
    ),
    Alert(
        "PenchantPaused", "max by (topic) (penchant_partition_paused) == 1", "10m", "ticket",
        "A partition is held back by a bound.", "See which bound it is: sessions, their memory, or Redis.",
        ("penchant_sessions", "penchant_sessions_bytes"),
    ),
    Alert(
        "PenchantNothingCovered", "max by (topic) (penchant_partition_uncovered_age_seconds) > 600", "5m", "page",
        "Received events are not covered by a write for ten minutes, so nothing is committed.",
        "Look at Redis and at the worker's log; more of the topic is read again with every minute.",
    ),
    Alert(
        "PenchantRefusesEvents",
        "sum(rate(penchant_dead_letters_total[10m])) / sum(rate(penchant_events_total[10m])) > 0.01", "10m", "ticket",
        "More than one event in a hundred is refused.", "Run `penchant dead-letters list`, and tell the producers.",
    ),
    Alert(
        "PenchantLettersLost", "sum(increase(penchant_dead_letters_lost_total[1h])) > 0", "0m", "ticket",
        "Refused events could not even be kept as dead letters.", "The log names where each stands in its topic.",
    ),
    Alert(
        "PenchantEventsExpired", "sum(increase(penchant_records_expired_total[1h])) > 0", "0m", "page",
        "Retention deleted events before they were read.", "Raise the topic's retention now, then add workers.",
    ),
    Alert(
        "PenchantFaults", FAULTS, "0m", "ticket",
        "Something happened that nobody expected, in Penchant or in a library.",
        "Report the log line `fault` with its traceback.",
    ),
    Alert(
        "PenchantShoppersGivenUp", "sum(increase(penchant_shoppers_given_up_total[1h])) > 0", "0m", "page",
        "What some shoppers did could not be stored.", "The log line `shopper.given_up` names partition and offset.",
    ),
    Alert(
        "PenchantAnswersUnusable",
        "sum(rate(penchant_answers_refused_total[10m])) / sum(rate(penchant_calls_total[10m])) > 0.1", "10m", "ticket",
        "More than one answer in ten is no intent.", "Read the log's `answers.unusable`, and roll back what changed.",
    ),
    Alert(
        "PenchantRulesStandIn",
        'sum(rate(penchant_intents_total{source="rules"}[10m])) / sum(rate(penchant_intents_total[10m])) > 0.5', "10m",
        "ticket", "More than half of the intents are the rules'.",
        "Look at the model servers: they fail, refuse, or are too few.", ("penchant_replica_calls_total",),
    ),
    Alert(
        "PenchantHistoryMissed", "sum(increase(penchant_history_missed_total[1h])) > 0", "0m", "ticket",
        "Intents are missing from the topics of intents or history.", "See whether Kafka takes records of them.",
    ),
    Alert(
        "PenchantRedisSlow",
        "histogram_quantile(0.99, sum by (le) (rate(penchant_redis_seconds_bucket[10m]))) > 0.25", "10m", "ticket",
        "One round trip to Redis in a hundred takes over a quarter of a second.",
        "Look at Redis: SLOWLOG, its CPU, and other clients.",
    ),
    Alert(
        "PenchantLoopSlow",
        "max by (instance) (histogram_quantile(0.99, rate(penchant_loop_lag_seconds_bucket[10m]))) > 0.1", "10m",
        "ticket", "A worker's event loop is late.", "Give the worker a core of its own, or add workers.",
    ),
    Alert(
        "PenchantServeRefuses",
        'sum(rate(penchant_serve_answers_total{status=~"429|5.."}[10m])) '
        "/ sum(rate(penchant_serve_answers_total[10m])) > 0.01",
        "10m", "ticket", "More than one request in a hundred for a match or an intent is refused or fails.",
        "See which status it is: `429` asks for another `penchant serve`, `503` for Redis.",
        ("penchant_serve_in_flight", "penchant_serve_seconds"),
    ),
    Alert(
        "PenchantJobLinesFail",
        'max by (job_id, team) (penchant_job_items{outcome="failed"}) '
        '> 0.1 * max by (job_id, team) (sum without (outcome) (penchant_job_items{outcome!="left"})) '
        'and max by (job_id, team) (delta(penchant_job_items{outcome="failed"}[15m])) > 0',
        "10m", "ticket", "More than one item in ten of a job fails, and goes on failing.",
        "Read errors.jsonl in its folder (`penchant jobs show`), pause it, and tell the team.",
        ("penchant_job_calls_total",),
    ),
    Alert(
        "PenchantJobsWithoutRunner", NO_RUNNER, "10m", "ticket",
        "Jobs were under way when the last runner was scraped, and none is any more.",
        "See whether `penchant jobs run` runs, and whether Prometheus finds it; jobs go on where they were.",
    ),
)  # fmt: skip

ALERTS = (*OWN, *(_burn(objective, burn) for objective in OBJECTIVES for burn in burns(objective)))
"""Those of faults, then those of the objectives."""
