"""Incidents: what the metrics of a fleet are on a good day, and what each fault makes of them, in promtool's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MINUTES = 180
BEGINS = 60

Series = Mapping[str, str]


def flat(value: float) -> str:
    return f"{value:g}x{MINUTES}"


def counting(a_minute: float) -> str:
    return f"0+{a_minute:g}x{MINUTES}"


def then(before: float, after: float, minutes: int = MINUTES, begins: int = BEGINS) -> str:
    """A gauge that changes when the incident begins."""
    return f"{before:g}x{begins - 1} {after:g}x{minutes - begins}"


def faster(before: float, after: float, minutes: int = MINUTES, begins: int = BEGINS) -> str:
    """A counter whose pace changes then."""
    return f"0+{before:g}x{begins - 1} {before * begins:g}+{after:g}x{minutes - begins}"


def histogram(name: str, labels: str, paces: Mapping[str, str]) -> dict[str, str]:
    """Buckets by upper bound."""
    return {f'{name}_bucket{{{labels},le="{bound}"}}': pace for bound, pace in paces.items()}


REDIS = ("penchant_redis_seconds", 'operation="write",instance="a"')
LOOP = ("penchant_loop_lag_seconds", 'instance="a"')
FRESH = ("penchant_freshness_seconds", 'class="other",instance="a"')
FRESH_COUNT = 'penchant_freshness_seconds_count{class="other",instance="a"}'
FRESH_GOOD = 'penchant_freshness_seconds_bucket{class="other",instance="a",le="5.0"}'

OF_JOB = 'job_id="job_1",team="search",use_case="requests",instance="r"'
ANSWERED, FAILED = (f'penchant_job_items{{{OF_JOB},outcome="{each}"}}' for each in ("answered", "failed"))
WAITING, RUNNING = (f'penchant_jobs{{instance="r",state="{each}"}}' for each in ("waiting", "running"))
RUNNERS = 'penchant_job_runners{instance="r"}'

GOOD_DAY: Series = {
    'penchant_alive{instance="a"}': flat(1),
    **{f'penchant_dependency_up{{dependency="{name}",instance="a"}}': flat(1)
       for name in ("kafka", "redis", "model", "dead_letters")},
    'penchant_replica_state{pool="own",replica="gpu:1",state="in"}': flat(1),
    'penchant_replica_state{pool="own",replica="gpu:1",state="out"}': flat(0),
    'penchant_partition_lag_offsets{topic="clicks",partition="0"}': flat(100),
    'penchant_partition_paused{topic="clicks",partition="0"}': flat(0),
    'penchant_partition_uncovered_age_seconds{topic="clicks",partition="0"}': flat(5),
    'penchant_worker_restarts_total{instance="a",worker="2"}': flat(1),
    'penchant_events_total{instance="a"}': counting(6_000),
    'penchant_dead_letters_total{reason="json"}': counting(1),
    'penchant_dead_letters_lost_total{instance="a"}': flat(0),
    'penchant_records_expired_total{instance="a"}': flat(0),
    'penchant_shoppers_given_up_total{instance="a"}': flat(0),
    'penchant_history_missed_total{instance="a"}': flat(0),
    'penchant_calls_total{instance="a"}': counting(600),
    'penchant_answers_refused_total{instance="a"}': counting(6),
    'penchant_intents_total{source="model"}': counting(590),
    'penchant_intents_total{source="rules"}': counting(10),
    **histogram(*REDIS, {"0.005": counting(990), "0.25": counting(1_000), "0.5": counting(1_000),
                         "+Inf": counting(1_000)}),
    **histogram(*LOOP, {"0.01": counting(995), "0.1": counting(1_000), "0.25": counting(1_000),
                        "+Inf": counting(1_000)}),
    **histogram(*FRESH, {"5.0": counting(990), "+Inf": counting(1_000)}),
    FRESH_COUNT: counting(1_000),
    'penchant_next_events_total{intent="model"}': counting(90),
    'penchant_next_events_total{intent="late"}': counting(10),
    'penchant_serve_answers_total{path="/v1/match",status="200"}': counting(600),
    'penchant_serve_answers_total{path="/v1/match",status="429"}': counting(1),
    RUNNERS: flat(1), WAITING: flat(2), RUNNING: flat(1), ANSWERED: counting(100), FAILED: counting(1),
}  # fmt: skip


@dataclass(frozen=True)
class Incident:
    """What changes, and the alerts that it fires with the labels that each has, at the end."""

    changes: Mapping[str, str | None]
    fires: Mapping[str, Mapping[str, str]]
    samples: int = MINUTES
    every_minutes: int = 1
    instead: Series = field(default_factory=lambda: GOOD_DAY)

    def series(self) -> dict[str, str]:
        """All of them, without those that the incident takes away."""
        return {name: values for name, values in {**self.instead, **self.changes}.items() if values is not None}


GONE = f"1x{BEGINS - 1} stale"
NOBODY: Mapping[str, str] = {}
CLICKS = {"topic": "clicks"}

INCIDENTS: Mapping[str, Incident] = {
    "nothing": Incident({}, {}),
    "no worker": Incident({'penchant_alive{instance="a"}': None}, {"PenchantAbsent": NOBODY}),
    "a stuck worker": Incident(
        {'penchant_alive{instance="a"}': then(1, 0)}, {"PenchantStuck": {"instance": "a"}}
    ),
    "a worker that cannot live": Incident(
        {'penchant_worker_restarts_total{instance="a",worker="2"}': faster(0, 1)},
        {"PenchantWorkerRestarts": {"instance": "a", "worker": "2"}},
    ),
    "Redis away": Incident(
        {'penchant_dependency_up{dependency="redis",instance="a"}': then(1, 0)},
        {"PenchantDependencyDown": {"dependency": "redis"}},
    ),
    "the model away": Incident(
        {'penchant_dependency_up{dependency="model",instance="a"}': then(1, 0)}, {"PenchantModelDown": NOBODY}
    ),
    "a replica out": Incident(
        {'penchant_replica_state{pool="own",replica="gpu:1",state="out"}': then(0, 1)},
        {"PenchantReplicaOut": {"pool": "own", "replica": "gpu:1"}},
    ),
    "a GPU that fails silently": Incident(
        {'penchant_replica_differing_answers{pool="own",replica="gpu:1"}': then(0, 3)},
        {"PenchantReplicaDiffers": {"pool": "own", "replica": "gpu:1"}},
    ),
    "too few workers": Incident(
        {'penchant_partition_lag_offsets{topic="clicks",partition="0"}': faster(0, 500)}, {"PenchantLagGrows": CLICKS}
    ),
    "a backlog that is worked off": Incident(
        {'penchant_partition_lag_offsets{topic="clicks",partition="0"}': f"100000-300x{MINUTES}"}, {}
    ),
    "a full worker": Incident(
        {'penchant_partition_paused{topic="clicks",partition="0"}': then(0, 1)}, {"PenchantPaused": CLICKS}
    ),
    "nothing is covered": Incident(
        {'penchant_partition_uncovered_age_seconds{topic="clicks",partition="0"}': then(5, 900)},
        {"PenchantNothingCovered": CLICKS},
    ),
    "a broken producer": Incident(
        {'penchant_dead_letters_total{reason="json"}': faster(1, 120)}, {"PenchantRefusesEvents": NOBODY}
    ),
    "letters lost": Incident(
        {'penchant_dead_letters_lost_total{instance="a"}': f"0x{MINUTES - 30} 3x29"}, {"PenchantLettersLost": NOBODY}
    ),
    "short retention": Incident(
        {'penchant_records_expired_total{instance="a"}': f"0x{MINUTES - 30} 900x29"}, {"PenchantEventsExpired": NOBODY}
    ),
    "the first fault of a kind": Incident(
        {'penchant_faults_total{work="call",kind="KeyError"}': f"_x{MINUTES - 30} 1x29"},
        {"PenchantFaults": {"work": "call", "kind": "KeyError"}},
    ),
    "another fault": Incident(
        {'penchant_faults_total{work="call",kind="KeyError"}': f"1x{MINUTES - 30} 2x29"},
        {"PenchantFaults": {"work": "call", "kind": "KeyError"}},
    ),
    "a fault of yesterday": Incident({'penchant_faults_total{work="call",kind="KeyError"}': flat(1)}, {}),
    "shoppers given up": Incident(
        {'penchant_shoppers_given_up_total{instance="a"}': f"0x{MINUTES - 30} 1x29"},
        {"PenchantShoppersGivenUp": NOBODY},
    ),
    "a broken prompt": Incident(
        {'penchant_answers_refused_total{instance="a"}': faster(6, 300)}, {"PenchantAnswersUnusable": NOBODY}
    ),
    "the rules stand in": Incident(
        {'penchant_intents_total{source="model"}': faster(590, 100),
         'penchant_intents_total{source="rules"}': faster(10, 500)},
        {"PenchantRulesStandIn": NOBODY},
    ),
    "history missed": Incident(
        {'penchant_history_missed_total{instance="a"}': f"0x{MINUTES - 30} 5x29"}, {"PenchantHistoryMissed": NOBODY}
    ),
    "a slow Redis": Incident(
        histogram(*REDIS, {"0.005": faster(990, 900), "0.25": faster(1_000, 950)}), {"PenchantRedisSlow": NOBODY}
    ),
    "a full core": Incident(
        histogram(*LOOP, {"0.01": faster(995, 800), "0.1": faster(1_000, 900)}),
        {"PenchantLoopSlow": {"instance": "a"}},
    ),
    "more requests than are served": Incident(
        {'penchant_serve_answers_total{path="/v1/match",status="429"}': faster(1, 60)}, {"PenchantServeRefuses": NOBODY}
    ),
    "a file of wrong lines": Incident(
        {FAILED: faster(1, 50)}, {"PenchantJobLinesFail": {"job_id": "job_1", "team": "search"}}
    ),
    "lines that failed once": Incident({FAILED: f"0+50x{BEGINS} {50 * BEGINS}x{MINUTES - BEGINS}"}, {}),
    "no runner": Incident(dict.fromkeys((RUNNERS, WAITING, RUNNING), GONE), {"PenchantJobsWithoutRunner": NOBODY}),
    "a runner that was killed at its job": Incident(
        {RUNNERS: GONE, WAITING: GONE.replace("1x", "0x"), RUNNING: GONE}, {"PenchantJobsWithoutRunner": NOBODY}
    ),
    "jobs that another runner has ended": Incident(
        {**dict.fromkeys((RUNNERS, WAITING, RUNNING), GONE),
         'penchant_jobs{instance="later",state="waiting"}': f"_x{BEGINS} 1x20 0x9 stale",
         'penchant_jobs{instance="later",state="running"}': f"_x{BEGINS} 1x20 0x9 stale"}, {}
    ),
}  # fmt: skip


EVERY_MINUTES = 2
HOUR = 60 // EVERY_MINUTES
LEAD = 40 // EVERY_MINUTES
"""What the alert needs to be sure."""
DAYS = 4 * 24 * HOUR
PACE = 1_000


def burning(misses: float, hours: float, fires: tuple[str, ...]) -> Incident:
    """Four days of which the last hours have such a share of late intents, and no other metrics."""
    begins = DAYS - int(hours * HOUR) - LEAD
    good = faster(PACE, PACE * (1 - misses), DAYS, begins)
    series = {FRESH_GOOD: good, FRESH_COUNT: f"0+{PACE}x{DAYS}", 'penchant_alive{instance="a"}': f"1x{DAYS}"}
    return Incident({}, dict.fromkeys(fires, NOBODY), DAYS, EVERY_MINUTES, series)


def missing(misses: float, hours: float, fires: tuple[str, ...]) -> Incident:
    """The same of events whose intent comes after the shopper's next event."""
    begins = DAYS - int(hours * HOUR) - LEAD
    late, ours = faster(0, PACE * misses, DAYS, begins), faster(PACE, PACE * (1 - misses), DAYS, begins)
    series = {'penchant_next_events_total{intent="late"}': late, 'penchant_next_events_total{intent="model"}': ours,
              'penchant_alive{instance="a"}': f"1x{DAYS}"}  # fmt: skip
    return Incident({}, dict.fromkeys(fires, NOBODY), DAYS, EVERY_MINUTES, series)


FRESH_BURNS = "PenchantFreshBudgetBurns"
IN_TIME_BURNS = "PenchantInTimeBudgetBurns"
BURNING: Mapping[str, Incident] = {
    "an hour of late intents": burning(0.8, 1, (f"{FRESH_BURNS}1h",)),
    "a morning of some": burning(0.35, 6, (f"{FRESH_BURNS}6h",)),
    "a day of a few": burning(0.16, 24, (f"{FRESH_BURNS}1d", f"{FRESH_BURNS}3d")),
    "three days of a few more than may be": burning(0.06, 72, (f"{FRESH_BURNS}3d",)),
    "as many as may be": burning(0.045, 95, ()),
    "a day without help in time": missing(0.95, 24, (f"{IN_TIME_BURNS}1d", f"{IN_TIME_BURNS}3d")),
    "three days of too little": missing(0.35, 72, (f"{IN_TIME_BURNS}3d",)),
}
"""A burn of three in a day is one of one in three days too."""
