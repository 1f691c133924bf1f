"""How many replicas of a pool are at work."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clients.pools.active_set import ActiveSet, ActiveSetRules

RULES = ActiveSetRules(budget_s=2.0)
LOOKS = st.lists(
    st.tuples(st.floats(0, 20), st.integers(1, 6), st.none() | st.floats(0, 10), st.floats(0, 2)), max_size=60
)


@given(LOOKS)
def test_the_set_has_some_of_the_pool_and_steps_no_faster_than_it_may(
    looks: list[tuple[float, int, float | None, float]],
) -> None:
    """Never empty, never beyond what is usable; down by one at a time, half a minute after the last step; up by one, or
    to all of a pool that has changed."""
    active, now_s, before, stepped_s = ActiveSet(RULES), 0.0, 0, float("-inf")
    usable_before = 0
    for after_s, usable, call_s, waited_s in looks:
        now_s += after_s
        size = active.look(usable, call_s, waited_s, now_s)
        assert 1 <= size <= usable
        if usable != usable_before:
            assert size == usable
        elif size != before:
            assert abs(size - before) == 1
            assert now_s - stepped_s >= (RULES.fewer_every_s if size < before else RULES.wait_every_s)
        if size != before or usable != usable_before:
            stepped_s = now_s
        before, usable_before = size, usable


@given(st.floats(0.01, 20), st.integers(2, 8))
def test_nothing_flaps_under_a_steady_load(busy_s: float, usable: int) -> None:
    """Where a call takes the longer, the fewer replicas share the load, the set comes to rest and stays."""
    active, sizes = ActiveSet(RULES), list[int]()
    size = usable
    for second in range(2_000):
        size = active.look(usable, busy_s / size, 0.0, float(second))
        sizes.append(size)
    assert len(set(sizes[-500:])) == 1
    assert size == usable or busy_s / size <= RULES.budget_s * RULES.slack


def test_who_waits_gets_another_at_once() -> None:
    """One more a second, until all are at work."""
    active = ActiveSet(RULES)
    for second in range(0, 100, 10):
        active.look(3, 0.1, 0.0, float(second))
    assert active.size == 1
    assert active.look(3, 0.1, 0.5, 100.0) == 2
    assert active.look(3, 0.1, 0.5, 100.5) == 2
    assert active.look(3, 0.1, 0.5, 101.0) == 3
    assert active.look(3, 0.1, 0.5, 102.0) == 3


def test_one_fewer_is_tried_only_with_something_to_spare() -> None:
    """What calls would take is a guess: two that take 0.9 of half the budget are one that may take it whole."""
    active = ActiveSet(RULES)
    active.look(2, 0.92, 0.0, 0.0)
    assert active.look(2, 0.92, 0.0, 30.0) == 2
    assert active.look(2, 0.88, 0.0, 31.0) == 1


def test_whoever_has_waited_for_the_budget_waits_for_no_settling() -> None:
    """Nobody is to be answered later than that."""
    active = ActiveSet(RULES)
    active.look(3, 0.1, 0.0, 0.0)
    assert active.look(3, 0.1, 0.0, 30.0) == 2
    assert active.look(3, 0.1, RULES.budget_s, 30.5) == 2
    assert active.look(3, 0.1, RULES.budget_s, 31.0) == 3


def test_somebody_urgent_who_waits_gets_all_at_once() -> None:
    """For half a minute at least; others get one more a second."""
    active = ActiveSet(RULES)
    for second in range(0, 130, 10):
        active.look(4, 0.1, 0.0, float(second))
    assert active.size == 1
    assert active.look(4, 0.1, 0.3, 130.0, urgent=True) == 1
    assert active.look(4, 0.1, 0.5, 130.0, urgent=True) == 4
    assert active.look(4, 0.1, 0.0, 159.0) == 4
    assert active.look(4, 0.1, 0.0, 161.0) == 3


def test_the_one_that_has_just_gone_is_taken_back_first() -> None:
    """It was enough a moment ago, and its shoppers' prompts are cached there; whoever waits a second later gets all."""
    active = ActiveSet(RULES)
    active.look(4, 0.1, 0.0, 0.0)
    assert active.look(4, 0.1, 0.0, 30.0) == 3
    assert active.look(4, 0.1, 0.0, 60.0) == 2
    assert active.look(4, 0.1, 0.5, 75.0, urgent=True) == 3
    assert active.raised == 3
    assert active.look(4, 0.1, 0.9, 75.5, urgent=True) == 3
    assert active.look(4, 0.1, 1.4, 76.0, urgent=True) == 4
    assert active.raised == 0
    assert active.bars.keys() == {2}


def test_shoppers_leave_a_few_at_a_time() -> None:
    """Within twenty seconds, in ten portions; nobody leaves one that was taken back."""
    active = ActiveSet(RULES)
    active.look(4, 0.1, 0.0, 0.0)
    assert active.leaving(10.0) == 0
    active.look(4, 0.1, 0.0, 30.0)
    shares = [active.leaving(30.0 + tenth / 10) for tenth in range(250)]
    assert sorted({*shares}) == [each / 10 for each in range(10)]
    assert shares == sorted(shares, reverse=True)
    assert shares.count(0.5) == 20
    assert not shares[200]
    active.look(4, 0.1, 0.5, 40.0, urgent=True)
    assert active.leaving(40.0) == 0


def test_shoppers_leave_at_once_when_more_than_one_goes() -> None:
    """As the fleet says, to whoever was not heard of for a while."""
    active = ActiveSet(RULES)
    active.look(4, 0.1, 0.0, 0.0)
    active.follow(2, 4, 10.0)
    assert active.leaving(10.0) == 0
    active.follow(1, 4, 20.0)
    assert active.leaving(20.0) > 0


def test_nobody_leaves_a_server_since_another_was_ejected() -> None:
    """All that are left are at work; there is nobody to take back."""
    active = ActiveSet(RULES)
    active.look(4, 0.1, 0.0, 0.0)
    active.look(3, 0.1, 0.0, 10.0)
    assert [active.leaving(10.0 + second) for second in range(20)] == [0.0] * 20


def test_somebody_urgent_is_not_kept_waiting_by_others_who_wait() -> None:
    """One more a second is for these; all are for the urgent one, at once."""
    active = ActiveSet(RULES)
    active.look(20, 0.1, 0.0, 0.0)
    active.follow(2, 20, 1.0)
    assert [active.look(20, 0.1, 0.5, second) for second in (40.0, 41.0, 42.0)] == [3, 4, 5]
    assert active.look(20, 0.1, 0.5, 42.1, urgent=True) == 20


def test_one_fewer_has_a_moment_to_settle() -> None:
    """Whoever waits in it waits for limits that still grow; somebody urgent gets all at once."""
    active = ActiveSet(RULES)
    active.look(3, 0.1, 0.0, 0.0)
    assert active.look(3, 0.1, 0.0, 30.0) == 2
    assert active.look(3, 0.1, 0.5, 54.0) == 2
    assert active.look(3, 0.1, RULES.budget_s - 0.1, 54.0) == 2
    assert active.look(3, 0.1, 0.5, 55.0) == 3
    assert active.look(3, 0.1, 0.0, 85.0) == 3  # barred
    assert active.look(3, 0.1, 0.0, 175.0) == 2
    assert active.look(3, 0.1, 0.5, 176.0, urgent=True) == 3


def waits_for(active: ActiveSet, needed: int, until_s: int, since_s: int = 0) -> list[int]:
    """The sizes, second by second, of a pool of four where somebody waits while fewer than so many are at work; calls
    take no longer for it, since those that wait for a slot are not at a server."""
    return [active.look(4, 0.3, 0.5 * (active.size < needed), float(second)) for second in range(since_s, until_s)]


def test_a_size_that_was_too_small_is_not_tried_every_half_minute() -> None:
    """Each time shoppers would wait, and others' prompts would be computed anew. It is tried ever more rarely."""
    active = ActiveSet(RULES)
    sizes = waits_for(active, 2, 3_600)
    tried = [second for second, (before, size) in enumerate(pairwise(sizes)) if size < before == 2]
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[0] >= RULES.bar_s
    assert gaps[-1] >= RULES.longest_bar_s
    assert len(tried) < 8


def test_a_load_that_falls_is_served_by_fewer_all_the_same() -> None:
    """What was too small is tried again, and is no more barred once it has lasted."""
    active = ActiveSet(RULES)
    waits_for(active, 2, 1_000)
    assert active.size == 2
    sizes = waits_for(active, 1, 3_000, 1_000)
    assert sizes[-1] == 1
    assert sizes.index(1) <= RULES.longest_bar_s
    waits_for(active, 2, 3_010, 3_000)
    assert waits_for(active, 1, 3_010 + int(RULES.bar_s), 3_010)[-1] == 1


def test_a_failure_long_after_a_bar_is_a_first_one() -> None:
    """One try a day that fails is no reason to wait ever longer."""
    active, day_s = ActiveSet(RULES), 86_400
    for day in range(4):
        waits_for(active, 2, day * day_s + 120, day * day_s)
        assert active.bars[1].lasts_s == RULES.bar_s
        waits_for(active, 3, day * day_s + 200, day * day_s + 120)


def test_a_number_that_was_taken_over_is_not_barred_for_the_moment_in_which_it_was() -> None:
    """It may have stood for hours. One that was seen to become smaller is."""
    active = ActiveSet(RULES)
    active.look(4, 0.1, 0.0, 0.0)
    active.follow(3, 4, 10.0)
    assert active.look(4, 0.1, 0.5, 36.0) == 4
    assert not active.bars
    active.follow(3, 4, 40.0)
    assert active.look(4, 0.1, 0.5, 66.0) == 4
    assert active.bars.keys() == {3}


def test_a_number_that_is_on_its_way_up_is_not_barred() -> None:
    """The one below was too small."""
    active = ActiveSet(RULES)
    waits_for(active, 1, 95)
    assert active.size == 1
    assert [active.look(4, 0.3, 0.5, second) for second in (115.0, 116.0, 117.0)] == [2, 3, 4]
    assert active.bars.keys() == {1}


def test_all_that_are_left_are_never_too_few() -> None:
    """One was ejected, and somebody waits: that says nothing of the number."""
    active = ActiveSet(RULES)
    active.look(4, 0.1, 0.0, 0.0)
    active.look(3, 0.1, 0.0, 10.0)
    assert active.look(3, 0.1, 0.5, 16.0) == 3
    assert not active.bars


def test_without_a_budget_all_are_at_work() -> None:
    """Whatever they take."""
    assert ActiveSet(ActiveSetRules()).look(4, 0.001, 0.0, 1e6) == 4
