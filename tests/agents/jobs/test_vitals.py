"""What a runner of jobs says of itself."""

from agents.health.probes import Judgement
from agents.jobs.vitals import RunnerVitals
from storage.jobs import Jobs

GOOD = Judgement(ok=True)


def test_ready_is_whose_look_was_answered() -> None:
    """Just now: neither before the first look, nor after one that failed, nor when it looks no more."""
    vitals = RunnerVitals(60.0, began_s=5.0)
    assert vitals.ready(5.0) == Judgement(ok=False, reasons=("starting",))
    vitals.saw(Jobs(), 3, 6.0)
    assert vitals.ready(7.0) == GOOD
    vitals.missed("no answer")
    assert vitals.ready(7.5) == Judgement(ok=False, reasons=("redis is away: no answer",))
    vitals.saw(Jobs(), 3, 8.0)
    assert vitals.ready(8.0) == GOOD
    assert vitals.ready(20.0) == Judgement(ok=False, reasons=("the last look was 12 s ago",))


def test_alive_is_who_goes_on_looking() -> None:
    """An outage of Redis changes nothing in that, however long it lasts."""
    vitals = RunnerVitals(60.0, began_s=5.0)
    assert vitals.alive(65.0) == GOOD
    for now_s in range(10, 600, 10):
        vitals.tries(float(now_s))
        vitals.missed("no answer")
    assert vitals.alive(640.0) == GOOD
    assert vitals.alive(651.0) == Judgement(ok=False, reasons=("no look for 61 s",))
