"""How many calls jobs may have in flight."""

from hypothesis import given
from hypothesis import strategies as st

from agents.fleet.forecast import Forecast
from agents.jobs.share import MOST_GROWTH, REMEMBERED, LiveLoad, LoadWatch, growth, own_room, room
from storage.jobs import Job, Jobs, Runner

TEAMS = {"job_1": "search", "job_2": "search", "job_3": "ads"}
COUNTS = st.integers(0, 10_000)


@given(COUNTS, COUNTS, COUNTS, st.floats(1, MOST_GROWTH), st.floats(0.01, 1))
def test_both_stay_within_the_share(in_flight: int, limit: int, waiting: int, times: float, share: float) -> None:
    """Also once live traffic has grown as it is expected to; and there is never less than none."""
    found = room(LiveLoad(in_flight, limit, waiting), in_flight, times, share)
    assert found >= 0
    assert found == 0 or found + in_flight * times <= limit * share


@given(COUNTS, st.integers(1, 100))
def test_nothing_is_left_while_shoppers_wait_for_a_slot(in_flight: int, waiting: int) -> None:
    """All of it is theirs."""
    assert room(LiveLoad(in_flight, in_flight, waiting), 0.0, 1.0, 1.0) == 0


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_peak_ahead_takes_room_and_a_valley_gives_none(now: float, ahead: float) -> None:
    """What falls is believed when it has fallen."""
    found = growth(Forecast(now, ahead, ahead, 0))
    assert 1.0 <= found <= MOST_GROWTH
    assert found == 1.0 or ahead > now
    assert growth(None) == 1.0


@given(COUNTS, st.integers(1, 50))
def test_a_constant_load_does_not_swing(in_flight: int, looks: int) -> None:
    """Nor does none."""
    watch = LoadWatch()
    assert {watch.look(in_flight) for _ in range(looks)} == {in_flight}


@given(st.lists(COUNTS, min_size=1, max_size=40))
def test_the_level_lies_among_the_last_looks(seen: list[int]) -> None:
    """Whatever they were."""
    watch = LoadWatch()
    for at, in_flight in enumerate(seen):
        lately = seen[max(at + 1 - REMEMBERED, 0) : at + 1]
        assert min(lately) <= watch.look(in_flight) <= max(lately)


@given(st.integers(1, 1_000), st.integers(3, 10))
def test_a_flash_sale_counts_at_once(usual: int, times: int) -> None:
    """What is beyond chance is the new level by the look that sees it."""
    watch = LoadWatch()
    for _ in range(REMEMBERED):
        watch.look(usual)
    assert watch.look(usual * times + 10) == usual * times + 10


def test_runners_share_the_room_evenly_and_a_teams_own_its_share() -> None:
    """One that has not said yet that it runs counts too; whoever may run has a call, where there is room for one."""
    jobs = {name: Job(name, "requests", "/in", "/out", team, "requests", "ada", 5) for name, team in TEAMS.items()}
    there = Jobs(jobs, runners={"ann": Runner("job_1", 0, 5), "bob": Runner("job_2", 0, 5)})
    assert own_room(30, there, jobs["job_1"], "ann", {}) == 15
    assert own_room(30, there, jobs["job_3"], "cy", {}) == 10
    assert own_room(30, there, jobs["job_1"], "ann", {"search": 0.2}) == 3
    assert (own_room(1, there, jobs["job_1"], "ann", {}), own_room(0, there, jobs["job_1"], "ann", {})) == (1, 0)
