"""Which job goes first, and who waits for the next hour."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agents.jobs.order import expired, goes_before, in_order
from storage.jobs import Job, Jobs, State

JOB = Job("job_1", "requests", "/in", "/out", "search", "requests", "ada", 5)
NAMES = st.integers(0, 5)


def there(*jobs: Job, **spent: int) -> Jobs:
    """These, with what teams have spent."""
    return Jobs(jobs={job.id: job for job in jobs}, spent=spent)


@given(st.lists(st.tuples(st.integers(-9, 9), st.none() | st.integers(1, 9), st.integers(0, 9)), max_size=6))
def test_by_priority_then_deadline_then_age(given_jobs: list[tuple[int, int | None, int]]) -> None:
    """A job without a deadline comes after those that have one; a higher priority alone takes a runner away."""
    jobs = [
        replace(JOB, id=f"job_{at}", priority=priority, deadline_ms=deadline, at_ms=age)
        for at, (priority, deadline, age) in enumerate(given_jobs)
    ]
    found = in_order(there(*jobs), {})
    assert len(found) == len(jobs)
    for one, other in pairwise(found):
        assert one.priority >= other.priority
        assert not goes_before(other, one)
        if one.priority == other.priority:
            assert (one.deadline_ms or 99) <= (other.deadline_ms or 99)
            if one.deadline_ms == other.deadline_ms:
                assert one.at_ms <= other.at_ms


def test_only_what_waits_may_run() -> None:
    """Neither what people paused or cancelled, nor what has ended."""
    states: tuple[State, ...] = ("waiting", "paused", "cancelled", "done", "failed", "expired")
    jobs = [replace(JOB, id=state, state=state) for state in states]
    assert [job.id for job in in_order(there(*jobs), {})] == ["waiting"]


def test_what_has_not_ended_by_its_deadline_expires() -> None:
    """Whether it waits or is paused; what has ended stays as it is."""
    states: tuple[State, ...] = ("waiting", "paused", "cancelled", "done", "failed", "expired")
    late = [replace(JOB, id=state, state=state, deadline_ms=7) for state in states]
    jobs = [*late, JOB, replace(JOB, id="later", deadline_ms=8)]
    assert [job.id for job in expired(replace(there(*jobs), at_ms=7))] == ["waiting", "paused"]


def test_a_team_that_has_spent_its_budget_waits() -> None:
    """The others go on."""
    jobs = JOB, replace(JOB, id="job_2", team="ads")
    assert [job.team for job in in_order(there(*jobs, search=100), {"search": 100, "ads": None})] == ["ads"]
    assert [job.team for job in in_order(there(*jobs, search=99), {"search": 100})] == ["search", "ads"]
