"""Turns of the loop, by a clock that the test moves."""

from benchmarks.turns import TurnMeter


def test_a_long_turn_makes_late_whatever_became_due_in_it() -> None:
    """Each beat that it held up counts, with the lag that a timer would have seen; `take` begins anew."""
    turns = TurnMeter()
    due_s = turns.turn(0.0, 0.009, 0.010)
    due_s = turns.turn(0.009, 0.032, due_s)
    figures = turns.take()
    assert (round(due_s, 3), figures.beats, figures.longest_ms) == (0.040, 3, 23.0)
    assert figures.lag_ms["max"] == 22.0
    assert turns.take() == ({}, 0.0, 0)
