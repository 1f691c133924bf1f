"""Jobs: the metrics of a runner of jobs. All but `job_runner_` are the fleet's: each runner tells the same, so they are
read with `max`. A job's id is the label `job_id`: Prometheus has `job` for itself. See vocabulary.py."""

from collections import Counter
from collections.abc import Iterable

from agents.jobs.vitals import RunnerVitals
from penchant import __version__
from penchant.telemetry.metrics.readings import Sample
from penchant.telemetry.metrics.words import Metric
from storage.jobs import ENDED, Spending

SPENDER = ("team", "use_case")


def states(vitals: RunnerVitals) -> Iterable[Sample]:
    """Jobs that have not ended, by state; none before anything was seen."""
    if not vitals.known:
        return []
    there = vitals.jobs
    held = {runner.job for runner in there.runners.values()}
    under_way = [job for job in there.jobs.values() if job.state not in ENDED]
    counts = Counter("running" if job.state == "waiting" and job.id in held else job.state for job in under_way)
    return [((state,), counts[state]) for state in ("waiting", "running", "paused")]


def items(vitals: RunnerVitals) -> Iterable[Sample]:
    """How far each job is that somebody runs."""
    there = vitals.jobs
    for name in {runner.job for runner in there.runners.values()} & there.jobs.keys() & there.progress.keys():
        job, progress = there.jobs[name], there.progress[name]
        counts = {
            "answered": progress.done - progress.failed,
            "failed": progress.failed,
            "left": max((progress.total or 0) - progress.done, 0),
        }
        for outcome, count in counts.items():
            yield (name, job.team, job.use_case, outcome), count


def calls(vitals: RunnerVitals) -> Iterable[Sample]:
    """What became of each team's calls."""
    for spender, counts in vitals.jobs.usage.items():
        failed = counts.get("failed", 0)
        yield (*spender, "answered"), counts.get("calls", 0) - failed
        yield (*spender, "failed"), failed


def tokens(vitals: RunnerVitals) -> Iterable[Sample]:
    """What each team has used."""
    return [((*spender, kind), _used(vitals, spender, kind)) for spender in vitals.jobs.usage
            for kind in ("input", "cached", "output")]  # fmt: skip


def seconds(vitals: RunnerVitals) -> Iterable[Sample]:
    """How long each team's calls took together."""
    return [(spender, _used(vitals, spender, "ms") / 1e3) for spender in vitals.jobs.usage]


def _used(vitals: RunnerVitals, spender: Spending, what: str) -> int:
    return vitals.jobs.usage[spender].get(what, 0)


JOBS: tuple[Metric[RunnerVitals], ...] = (
    Metric(
        "gauge", "jobs", "Jobs that have not ended, by state: `running` where a runner has it, else `waiting` or "
        "`paused`.",
        "`waiting` while none is `running`: their teams have spent their budgets (`penchant jobs list`), live traffic "
        "leaves nothing (`job_room_calls`), or their model is away (the runner's log).",
        states, ("state",),
    ),
    Metric(
        "gauge", "job_runners", "Runners that say that they are there.",
        "Fewer than were started: read the log of those that are missing.",
        lambda vitals: [((), len(vitals.jobs.runners))] if vitals.known else [],
    ),
    Metric(
        "gauge", "job_room_calls", "Calls that all jobs may have in flight: what live traffic leaves of its share.",
        "0 for long: live traffic needs all servers, or an operator set the switch share-batch to 0.",
        lambda vitals: [((), vitals.room)] if vitals.known else [],
    ),
    Metric(
        "gauge", "job_calls_in_flight", "Calls of jobs under way, of all runners.",
        "Far below `job_room_calls`: the runners' `--at-once` is the bound, or the servers are.",
        lambda vitals: [((), sum(runner.in_flight for runner in vitals.jobs.runners.values()))] if vitals.known else [],
    ),
    Metric(
        "gauge", "job_items", "Items of each job that is run: lines of a file or products, by what became of them.",
        "`failed` beyond a few: errors.jsonl in the job's folder says why, line by line.",
        items, ("job_id", *SPENDER, "outcome"),
    ),
    Metric(
        "counter", "job_calls", "Calls of jobs since the first one, by whose they are and what became of them.",
        "`failed` grows: the model is away or refuses; the runner's log names the job.",
        calls, (*SPENDER, "outcome"),
    ),
    Metric(
        "counter", "job_tokens", "Tokens of jobs since the first one; `cached` are those of `input` that were reused.",
        "Grows faster than is wanted: give the team a `budget_tokens_per_hour`.",
        tokens, (*SPENDER, "kind"),
    ),
    Metric(
        "counter", "job_call_seconds", "What the calls of jobs took together, in seconds, since the first one.",
        "By `job_calls_total` it is the time of a call: a growing one says that live traffic and jobs share servers.",
        seconds, SPENDER,
    ),
    Metric(
        "counter", "job_runner_ended", "Jobs that this runner brought to their end, failed ones too.",
        "`penchant jobs list` has what became of them.",
        lambda vitals: [((), vitals.ended)],
    ),
    Metric(
        "gauge", "job_runner_info", "1 for each runner, with the version that runs.",
        "Differs between runners for long: a deployment is stuck half-way.",
        lambda _: [((__version__,), 1)], ("version",),
    ),
)  # fmt: skip
