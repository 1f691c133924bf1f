"""Order: which job goes first: by priority, then by deadline, then by age. Pure."""

from collections.abc import Mapping, Sequence
from math import inf

from storage.jobs import ENDED, Job, Jobs

LATE = "its deadline has passed"


def in_order(there: Jobs, budgets: Mapping[str, int | None]) -> Sequence[Job]:
    """The jobs that may run now, the first first, whether or not somebody runs them. `budgets` are tokens an hour by
    team, None or no entry for as many as there are: a team that spent them waits for the next hour."""
    ready = [job for job in there.jobs.values() if job.state == "waiting" and not is_spent(there, budgets, job.team)]
    return sorted(ready, key=_place)


def expired(there: Jobs) -> Sequence[Job]:
    """The jobs whose deadline has passed, and which have not ended."""
    return [job for job in there.jobs.values() if job.state not in ENDED and is_late(job, there.at_ms)]


def is_late(job: Job, at_ms: int) -> bool:
    """Whether its deadline has passed."""
    return job.deadline_ms is not None and job.deadline_ms <= at_ms


def goes_before(one: Job, other: Job) -> bool:
    """Whether a runner leaves `other` for `one`: for a higher priority alone, since a change costs calls."""
    return one.priority > other.priority


def is_spent(there: Jobs, budgets: Mapping[str, int | None], team: str) -> bool:
    """Whether a team has spent what it may in the hour that runs."""
    most = budgets.get(team)
    return most is not None and there.spent.get(team, 0) >= most


def _place(job: Job) -> tuple[int, float, int, str]:
    return -job.priority, inf if job.deadline_ms is None else job.deadline_ms, job.at_ms, job.id
