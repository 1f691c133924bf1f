"""Experiments, as operators see them: lifts stand beside their arms, and a skewed split is said."""

from agents.experiments.active_experiments import ALL_TIME_S
from agents.experiments.assignment import Arm, Experiment
from penchant.cli.experiments import lines
from penchant.operations.experiments import experiment_view
from storage.fleet import CountKey, Fleet

TRIED = Experiment("new-model", (Arm("canary", 10.0), Arm("beside", 5.0, kind="shadow", pool="p")))


def fleet(sessions: dict[str, tuple[int, int]], experiment: Experiment = TRIED) -> Fleet:
    """Sessions of each arm, and how many put something in the cart."""
    key = CountKey("new-model", 0, experiment.allocation, "", ALL_TIME_S, "")
    counts = {key._replace(arm=arm, what="sessions"): number for arm, (number, _) in sessions.items()}
    return Fleet(
        counts=counts | {key._replace(arm=arm, what="carted"): carted for arm, (_, carted) in sessions.items()}
    )


def test_a_lift_is_said_with_what_could_have_been_seen() -> None:
    """In a line for a terminal, of the arms that treat anybody."""
    view = experiment_view(fleet({"canary": (1_000, 120), "control": (9_000, 1_000)}), TRIED)
    told = "\n".join(lines([view]))
    assert "canary: carted 12.00% of 1,000 sessions" in told
    assert "control 11.11% of 9,000: +8.0% (95 %:" in told
    assert "could be told from none by now" in told
    assert "beside: carted" not in told
    assert "not the share that was set" not in told


def test_a_skewed_split_is_said() -> None:
    """Before anybody believes the lift."""
    view = experiment_view(fleet({"canary": (3_000, 360), "control": (9_000, 1_000)}), TRIED)
    assert "canary: its sessions are not the share that was set" in "\n".join(lines([view]))


def test_sessions_before_a_ramp_are_not_added_up() -> None:
    """They are of other shoppers."""
    before = fleet({"canary": (1_000, 120), "control": (9_000, 1_000)})
    ramped = Experiment("new-model", (Arm("canary", 20.0), TRIED.arms[1]))
    assert all(arm.conversions.sessions == 0 and not arm.lifts for arm in experiment_view(before, ramped).arms)


def test_what_sessions_come_to_is_said_in_money() -> None:
    """Beside how many bought."""
    key = CountKey("new-model", 0, TRIED.allocation, "", ALL_TIME_S, "")
    sides = {"canary": (1_000, 100, 440_000, 220_000), "control": (9_000, 900, 3_600_000, 1_900_000)}
    names = ("sessions", "purchased", "value", "value_squares")
    found = {
        key._replace(arm=arm, what=name): n for arm, side in sides.items() for name, n in zip(names, side, strict=True)
    }
    told = "\n".join(lines([experiment_view(Fleet(counts=found), TRIED)]))
    assert "canary: value 4.40 in each of 1,000 sessions" in told
    assert "control 4.00 in each of 9,000: +10.0% (95 %:" in told
