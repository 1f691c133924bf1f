"""Jobs as teams see them."""

from penchant.operations.jobs import MOST_ENDED, to_forget
from storage.jobs import Job, Jobs


def ended(name: str, at_ms: int, ended_ms: int) -> Job:
    """One that is done."""
    return Job(name, "requests", "/in", "/out", "search", "requests", "ada", at_ms, state="done", ended_ms=ended_ms)


def test_the_one_that_ended_last_is_kept() -> None:
    """Though it is the oldest: a large job ends long after those that were submitted behind it."""
    small = [ended(f"job_{at}", at + 1, at + 100) for at in range(MOST_ENDED)]
    there = Jobs({each.id: each for each in [ended("job_large", 0, 1_000), *small]})
    assert to_forget(there) == ["job_0"]
    assert to_forget(Jobs({each.id: each for each in small})) == []
