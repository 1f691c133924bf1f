"""Panels: what the dashboards show. Each row is a question, each panel a part of its answer."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["short", "s", "percentunit", "bytes", "reqps", "currencyEUR"]


@dataclass(frozen=True, slots=True)
class Panel:
    """PromQL by its legend; what it shows is said by the vocabulary."""

    title: str
    unit: Unit
    queries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`uid` is its file's name, too; `rows` are titled groups of panels."""

    uid: str
    title: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]


def rate(metric: str, by: str = "") -> str:
    """So many a second, over all workers."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}[$__rate_interval]))"


def quantile(share: float, metric: str, by: str = "") -> str:
    """That quantile of a histogram, over all workers."""
    grouped = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({grouped}) (rate({metric}_bucket[$__rate_interval])))"


def quantiles(title: str, metric: str) -> Panel:
    """Median, p95 and p99 of a histogram."""
    return Panel(title, "s", tuple((f"p{share * 100:g}", quantile(share, metric)) for share in (0.5, 0.95, 0.99)))


FLEET = Dashboard(
    "penchant-fleet",
    "Penchant: fleet",
    (
        ("Are the workers well?", (
            Panel("Workers ready", "short", (("ready", "sum(penchant_ready)"), ("alive", "sum(penchant_alive)"))),
            Panel("Dependencies", "short", (("{{dependency}}", "min by (dependency) (penchant_dependency_up)"),)),
            Panel("Versions", "short", (("{{version}}", "count by (version) (penchant_build_info)"),)),
        )),
        ("Do they keep up?", (
            Panel("Events", "reqps", (("events", rate("penchant_events_total")),)),
            Panel("Lag", "short", (("{{topic}}", "sum by (topic) (penchant_partition_lag_offsets)"),)),
            Panel("Age of what is not covered", "s",
                  (("{{topic}}", "max by (topic) (penchant_partition_uncovered_age_seconds)"),)),
            Panel("Paused partitions", "short", (("{{topic}}", "sum by (topic) (penchant_partition_paused)"),)),
            Panel("Sessions in memory", "short", (("{{form}}", "sum by (form) (penchant_sessions)"),)),
            quantiles("Event loop", "penchant_loop_lag_seconds"),
        )),
        ("What goes wrong?", (
            Panel("Refused events", "reqps", (("{{reason}}", rate("penchant_dead_letters_total", "reason")),)),
            Panel("Faults", "reqps", (("{{work}} {{kind}}", rate("penchant_faults_total", "work, kind")),)),
            Panel("Rewinds", "reqps", (("{{cause}}", rate("penchant_rewinds_total", "cause")),)),
            Panel("Redis that did not answer", "reqps", (("failures", rate("penchant_store_failures_total")),)),
            quantiles("Round trips to Redis", "penchant_redis_seconds"),
        )),
    ),
)  # fmt: skip

MODELS = Dashboard(
    "penchant-models",
    "Penchant: models",
    (
        ("How long do calls take?", (
            quantiles("Calls", "penchant_call_seconds"),
            quantiles("Time to first token", "penchant_first_token_seconds"),
            quantiles("Time per output token", "penchant_token_seconds"),
        )),
        ("How busy are the servers?", (
            Panel("Busy share of the limits", "percentunit", (
                ("{{pool}}", "sum by (pool) (penchant_replica_in_flight) / sum by (pool) (penchant_replica_limit)"),)),
            Panel("Limits", "short", (("{{replica}}", "sum by (replica) (penchant_replica_limit)"),)),
            Panel("Calls by outcome", "reqps", (("{{outcome}}", rate("penchant_replica_calls_total", "outcome")),)),
            Panel("Detours", "reqps", (("{{why}}", rate("penchant_replica_detours_total", "why")),)),
            Panel("Servers that are out", "short",
                  (("{{replica}}", 'max by (replica) (penchant_replica_state{state="out"})'),)),
        )),
        ("What do answers cost, and are they good?", (
            Panel("Tokens", "reqps", (("{{kind}}", rate("penchant_tokens_total", "kind")),)),
            Panel("Cached share of prompts", "percentunit", (("cached", (
                'sum(rate(penchant_tokens_total{kind="cached"}[$__rate_interval])) / '
                'sum(rate(penchant_tokens_total{kind="input"}[$__rate_interval]))')),)),
            Panel("Cost of an intent", "currencyEUR", (("average", "avg(penchant_intent_cost)"),)),
            Panel("Answers that are no intent", "percentunit", (
                ("share", f"{rate('penchant_answers_refused_total')} / {rate('penchant_calls_total')}"),)),
            Panel("Claims removed", "reqps", (("ungrounded", rate("penchant_claims_ungrounded_total")),)),
        )),
    ),
)  # fmt: skip

SHOPPERS = Dashboard(
    "penchant-shoppers",
    "Penchant: shoppers",
    (
        ("Is the intent there in time?", (
            Panel("Within 5 seconds", "percentunit", (("good", "1 - penchant:fresh_misses:ratio_rate1h"),)),
            Panel("Before the next event", "percentunit", (("good", "1 - penchant:in_time_misses:ratio_rate1h"),)),
            Panel("By whom", "reqps", (("{{intent}}", rate("penchant_next_events_total", "intent")),)),
        )),
        ("Where does the time go?", (
            Panel("Freshness, p95", "s", (("{{class}}", quantile(0.95, "penchant_freshness_seconds", "class")),)),
            Panel("Waiting for a slot, p95", "s", (("{{class}}", quantile(0.95, "penchant_queue_seconds", "class")),)),
            Panel("At the model, p95", "s", (("calls", quantile(0.95, "penchant_call_seconds")),)),
            Panel("Shoppers who wait", "short", (("owed", "sum(penchant_backlog_shoppers)"),)),
        )),
        ("Are matches in time?", (
            Panel("Matches by the last step in time", "reqps",
                  (("{{step}}", rate("penchant_serve_matches_total", "step")),)),
            Panel("Requests, p95", "s", (("{{path}}", quantile(0.95, "penchant_serve_seconds", "path")),)),
            Panel("Requests", "reqps", (("{{status}}", rate("penchant_serve_answers_total", "status")),)),
        )),
        ("What do they get?", (
            Panel("Intents", "reqps", (("{{source}}", rate("penchant_intents_total", "source")),)),
            Panel("Too old to be read", "reqps", (("expired", rate("penchant_intents_expired_total")),)),
            Panel("Left out as sensitive", "reqps",
                  (("{{pattern}}", rate("penchant_events_sensitive_total", "pattern")),)),
        )),
    ),
)  # fmt: skip

ITEMS = 'penchant_job_items{outcome!="left"}'
SPENDER = "team, use_case"


def spent(metric: str, by: str, of: str = SPENDER) -> str:
    """So many a second of what teams use, which every runner tells the same."""
    return f"sum by ({by}) (max by ({of}) (rate({metric}[$__rate_interval])))"


JOBS = Dashboard(
    "penchant-jobs",
    "Penchant: jobs",
    (
        ("Are jobs run?", (
            Panel("Jobs", "short", (("{{state}}", "max by (state) (penchant_jobs)"),)),
            Panel("Runners", "short", (("runners", "max(penchant_job_runners)"),)),
            Panel("Calls", "short", (
                ("room", "max(penchant_job_room_calls)"), ("in flight", "max(penchant_job_calls_in_flight)"))),
        )),
        ("How far are they?", (
            Panel("Done", "percentunit", (("{{job_id}} {{team}}", (
                f"max by (job_id, team) (sum without (outcome) ({ITEMS})) / "
                "max by (job_id, team) (sum without (outcome) (penchant_job_items))")),)),
            Panel("Pace", "reqps", (("{{job_id}}", (
                f"max by (job_id) (sum without (outcome) (deriv({ITEMS}[$__rate_interval])))")),)),
            Panel("Failed", "short", (("{{job_id}}", 'max by (job_id) (penchant_job_items{outcome="failed"})'),)),
        )),
        ("What do teams use?", (
            Panel("Calls", "reqps", (
                ("{{team}} {{use_case}} {{outcome}}",
                 spent("penchant_job_calls_total", f"{SPENDER}, outcome", f"{SPENDER}, outcome")),)),
            Panel("Tokens", "reqps", (
                ("{{team}} {{kind}}", spent("penchant_job_tokens_total", "team, kind", f"{SPENDER}, kind")),)),
            Panel("Time of a call", "s", (("{{team}} {{use_case}}", (
                spent("penchant_job_call_seconds_total", SPENDER) + " / "
                + spent("penchant_job_calls_total", SPENDER, f"{SPENDER}, outcome"))),)),
        )),
    ),
)  # fmt: skip

DASHBOARDS = (FLEET, MODELS, SHOPPERS, JOBS)
