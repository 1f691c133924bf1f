"""What a monitoring system reads of a runner of jobs."""

from prometheus_client.parser import text_string_to_metric_families

from agents.jobs.vitals import RunnerVitals
from penchant.telemetry.metrics.exposition import exposed
from penchant.telemetry.metrics.jobs import JOBS
from storage.jobs import Job, Jobs, Progress, Runner, Spending, State


def read(vitals: RunnerVitals) -> dict[tuple[str, ...], float]:
    """Every sample of ours by name and labels in the order of their names, as Prometheus' own parser reads it."""
    return {
        (sample.name.removeprefix("penchant_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(exposed(JOBS, vitals)("")[0].decode())
        for sample in family.samples
        if sample.name.startswith("penchant_")
    }


def job(name: str, state: State = "waiting") -> Job:
    """One of the team search."""
    return Job(name, "requests", "/in", "/out", "search", "requests", "ada", 5, state=state)


def test_before_a_look_nothing_is_claimed() -> None:
    """That there are no jobs is not known: an alert must not take it for their end."""
    assert {name for name, *_ in read(RunnerVitals(60.0, 0.0))} == {"job_runner_ended_total", "job_runner_info"}


def test_jobs_runners_and_what_teams_used() -> None:
    """By state, by what became of the items of those that are run, and by team and use case."""
    there = Jobs(
        {each.id: each for each in (job("job_1"), job("job_2"), job("job_3", "paused"), job("job_4", "done"))},
        {"job_1": Progress(total=10, done=7, failed=2), "job_4": Progress(total=5, done=5)},
        {"ann": Runner("job_1", 3, 5), "bob": Runner("", 0, 5)},
        {Spending("search", "requests"): {"calls": 9, "failed": 2, "input": 90, "output": 30, "ms": 4_500}},
    )
    vitals = RunnerVitals(60.0, 0.0)
    vitals.saw(there, 40, 1.0)
    vitals.ended = 4
    found = read(vitals)
    assert {key: value for key, value in found.items() if key[0] != "job_runner_info"} == {
        ("jobs", "waiting"): 1, ("jobs", "running"): 1, ("jobs", "paused"): 1,
        ("job_runners",): 2, ("job_room_calls",): 40, ("job_calls_in_flight",): 3,
        ("job_items", "job_1", "answered", "search", "requests"): 5,
        ("job_items", "job_1", "failed", "search", "requests"): 2,
        ("job_items", "job_1", "left", "search", "requests"): 3,
        ("job_calls_total", "answered", "search", "requests"): 7,
        ("job_calls_total", "failed", "search", "requests"): 2,
        ("job_tokens_total", "input", "search", "requests"): 90,
        ("job_tokens_total", "cached", "search", "requests"): 0,
        ("job_tokens_total", "output", "search", "requests"): 30,
        ("job_call_seconds_total", "search", "requests"): 4.5,
        ("job_runner_ended_total",): 4,
    }  # fmt: skip
