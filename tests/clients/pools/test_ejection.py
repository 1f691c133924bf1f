"""Ejection: who is sick, and when they may come back."""

import pytest

from clients.pools.ejection import EjectionRules, OutlierDetector

RULES = EjectionRules()
NOBODY = float("-inf")


def failing(times: int, *, late: bool = False, now_s: float = 100.0) -> OutlierDetector:
    outlier_detector = OutlierDetector(RULES)
    for _ in range(times):
        outlier_detector.failed(now_s, "it is away", late=late)
    return outlier_detector


def quick(service_s: float, answers: int = 40) -> OutlierDetector:
    outlier_detector = OutlierDetector(RULES)
    for _ in range(answers):
        outlier_detector.answered(1.0, service_s)
    return outlier_detector


def test_failures_in_a_row_are_a_sickness() -> None:
    """Five of them; an answer in between says that it lives. The reason tells the last one's."""
    assert failing(4).sick(NOBODY) is None
    assert failing(5).sick(NOBODY) == ("calls", "5 calls in a row failed, the last with: it is away")
    outlier_detector = failing(4)
    outlier_detector.answered(101.0, 1.0)
    outlier_detector.failed(102.0, "once")
    assert outlier_detector.sick(NOBODY) is None


def test_calls_that_are_late_are_a_sickness_only_while_others_answer() -> None:
    """Nobody answers in time: all are overloaded, and to eject one would drown the rest."""
    assert failing(9, late=True).sick(peer_answered_s=99.0) is None
    assert failing(9, late=True).sick(peer_answered_s=101.0) is not None
    outlier_detector = failing(4, late=True)
    outlier_detector.failed(100.0, "broken")
    assert outlier_detector.sick(NOBODY) is not None


def test_failed_probes_are_a_sickness_while_no_call_succeeds() -> None:
    """A server too busy to answer a probe but not a call is well."""
    outlier_detector = OutlierDetector(RULES)
    for _ in range(2):
        outlier_detector.probed("no answer")
    outlier_detector.answered(1.0, 1.0)
    outlier_detector.probed("no answer")
    assert outlier_detector.sick(NOBODY) is None
    outlier_detector.probed("no answer")
    outlier_detector.probed("no answer")
    assert outlier_detector.sick(NOBODY) == ("probes", "3 probes in a row failed, the last with: no answer")


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
    outlier_detector, now_s, lasted = OutlierDetector(RULES), 0.0, []
    for _ in range(7):
        lasted.append(outlier_detector.eject(now_s, "why"))
        assert outlier_detector.out
        assert not outlier_detector.may_return(now_s + lasted[-1] - 0.1)
        now_s += lasted[-1]
        assert outlier_detector.may_return(now_s)
        outlier_detector.take_back(now_s)
    assert lasted == [15, 30, 60, 120, 240, 300, 300]
    outlier_detector.answered(now_s + RULES.forgive_s - 1, 1.0)
    assert outlier_detector.eject(now_s, "why") == 300
    outlier_detector.take_back(now_s)
    outlier_detector.answered(now_s + RULES.forgive_s, 1.0)
    assert outlier_detector.eject(now_s, "why") == 15


def test_while_its_probes_fail_it_stays_out() -> None:
    """However much time has passed."""
    outlier_detector = OutlierDetector(RULES)
    outlier_detector.eject(0.0, "why")
    outlier_detector.probed("no answer")
    assert not outlier_detector.may_return(1_000.0)
    outlier_detector.probed(None)
    assert outlier_detector.may_return(1_000.0)
    assert not OutlierDetector(RULES).may_return(1_000.0)


def test_back_on_trial_it_has_to_prove_itself() -> None:
    """Two failures are enough then, and its speed is learned anew; twenty answers end the trial."""
    outlier_detector = quick(9.0)
    outlier_detector.eject(0.0, "slow")
    outlier_detector.take_back(20.0)
    assert outlier_detector.service_s is None
    outlier_detector.failed(21.0, "away")
    outlier_detector.failed(21.0, "away")
    assert outlier_detector.sick(NOBODY) is not None
    outlier_detector.eject(21.0, "away")
    outlier_detector.take_back(60.0)
    for _ in range(RULES.answers):
        outlier_detector.answered(61.0, 1.0)
    assert not outlier_detector.on_trial
    assert outlier_detector.service_s == pytest.approx(1.0)
    outlier_detector.failed(62.0, "away")
    outlier_detector.failed(62.0, "away")
    assert outlier_detector.sick(NOBODY) is None


def test_under_another_load_only_calls_that_began_since_are_compared() -> None:
    """A server that was alone is still busy with all that it had, and its mean with them for longer."""
    outlier_detector = quick(2.4)
    outlier_detector.under_another_load(10.0)
    for number in range(64):
        outlier_detector.answered(10.0 + number / 40, 2.4)
    assert outlier_detector.slow([0.6]) is None
    for number in range(RULES.answers):
        outlier_detector.answered(13.0 + number, 0.7)
    assert outlier_detector.comparable_s == pytest.approx(0.7)
    assert outlier_detector.service_s is not None
    for number in range(RULES.answers):
        outlier_detector.answered(40.0 + number, 9.0)
    assert outlier_detector.slow([0.6]) is not None
