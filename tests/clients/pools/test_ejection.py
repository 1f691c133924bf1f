"""Ejection: who is sick, and when they may come back."""

import pytest

from clients.pools.ejection import Condition, EjectionRules

RULES = EjectionRules()
NOBODY = float("-inf")


def failing(times: int, *, late: bool = False, now_s: float = 100.0) -> Condition:
    condition = Condition(RULES)
    for _ in range(times):
        condition.failed(now_s, "it is away", late=late)
    return condition


def quick(service_s: float, answers: int = 40) -> Condition:
    condition = Condition(RULES)
    for _ in range(answers):
        condition.answered(1.0, service_s)
    return condition


def test_failures_in_a_row_are_a_sickness() -> None:
    """Five of them; an answer in between says that it lives. The reason tells the last one's."""
    assert failing(4).sick(NOBODY) is None
    assert failing(5).sick(NOBODY) == ("calls", "5 calls in a row failed, the last with: it is away")
    condition = failing(4)
    condition.answered(101.0, 1.0)
    condition.failed(102.0, "once")
    assert condition.sick(NOBODY) is None


def test_calls_that_are_late_are_a_sickness_only_while_others_answer() -> None:
    """Nobody answers in time: all are overloaded, and to eject one would drown the rest."""
    assert failing(9, late=True).sick(peer_answered_s=99.0) is None
    assert failing(9, late=True).sick(peer_answered_s=101.0) is not None
    condition = failing(4, late=True)
    condition.failed(100.0, "broken")
    assert condition.sick(NOBODY) is not None


def test_failed_probes_are_a_sickness_while_no_call_succeeds() -> None:
    """A server too busy to answer a probe but not a call is well."""
    condition = Condition(RULES)
    for _ in range(2):
        condition.probed("no answer")
    condition.answered(1.0, 1.0)
    condition.probed("no answer")
    assert condition.sick(NOBODY) is None
    condition.probed("no answer")
    condition.probed("no answer")
    assert condition.sick(NOBODY) == ("probes", "3 probes in a row failed, the last with: no answer")


def test_three_times_slower_than_its_peers_is_a_sickness() -> None:
    """Than the median of them, once enough is known; and a replica without peers is not compared."""
    assert quick(3.1).slow([1.0, 1.2, 0.9]) == ("speed", "a call takes 3.10 s, and 1.00 s on its peers")
    assert quick(2.9).slow([1.0, 1.0, 1.0]) is None
    assert quick(3.1).slow([1.0, 2.9, 2.9]) is None
    assert quick(0.2).slow([0.01]) is None  # nobody waits for that, and it may well be chance
    assert quick(9.0, answers=5).slow([1.0]) is None
    assert quick(9.0).slow([]) is None


def test_each_ejection_lasts_longer_until_it_has_been_well_for_long() -> None:
    """15 s, 30 s, up to five minutes; after five minutes of health it begins anew."""
    condition, now_s, lasted = Condition(RULES), 0.0, []
    for _ in range(7):
        lasted.append(condition.eject(now_s, "why"))
        assert condition.out
        assert not condition.may_return(now_s + lasted[-1] - 0.1)
        now_s += lasted[-1]
        assert condition.may_return(now_s)
        condition.take_back(now_s)
    assert lasted == [15, 30, 60, 120, 240, 300, 300]
    condition.answered(now_s + RULES.forgive_s - 1, 1.0)
    assert condition.eject(now_s, "why") == 300
    condition.take_back(now_s)
    condition.answered(now_s + RULES.forgive_s, 1.0)
    assert condition.eject(now_s, "why") == 15


def test_while_its_probes_fail_it_stays_out() -> None:
    """However much time has passed."""
    condition = Condition(RULES)
    condition.eject(0.0, "why")
    condition.probed("no answer")
    assert not condition.may_return(1_000.0)
    condition.probed(None)
    assert condition.may_return(1_000.0)
    assert not Condition(RULES).may_return(1_000.0)


def test_back_on_trial_it_has_to_prove_itself() -> None:
    """Two failures are enough then, and its speed is learned anew; twenty answers end the trial."""
    condition = quick(9.0)
    condition.eject(0.0, "slow")
    condition.take_back(20.0)
    assert condition.service_s is None
    condition.failed(21.0, "away")
    condition.failed(21.0, "away")
    assert condition.sick(NOBODY) is not None
    condition.eject(21.0, "away")
    condition.take_back(60.0)
    for _ in range(RULES.answers):
        condition.answered(61.0, 1.0)
    assert not condition.on_trial
    assert condition.service_s == pytest.approx(1.0)
    condition.failed(62.0, "away")
    condition.failed(62.0, "away")
    assert condition.sick(NOBODY) is None
