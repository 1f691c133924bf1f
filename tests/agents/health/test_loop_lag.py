"""Loop lag: what a late timer says."""

import asyncio
import time

import pytest

from agents.health.loop_lag import EVERY_S, LoopLag


def test_in_time() -> None:
    """A beat in time has no lag, and the next is due one period later."""
    lag = LoopLag()
    assert lag.beat(5.0, 5.0) == pytest.approx(5.0 + EVERY_S)
    assert lag.percentiles_ms() == {"p50": 0.0, "p99": 0.0, "max": 0.0}


def test_a_pause_counts_for_all_that_was_due_in_it() -> None:
    """A pause of ten beats is ten late beats, not one: whoever came in its middle waited for half of it."""
    lag = LoopLag()
    for beat in range(90):
        lag.beat(beat * EVERY_S, beat * EVERY_S)
    due_s = lag.beat(10.0, 10.0 + 9.5 * EVERY_S)
    assert due_s == pytest.approx(10.0 + 10 * EVERY_S)
    assert lag.percentiles_ms() == {
        "p50": 0.0, "p99": pytest.approx(8.5e3 * EVERY_S), "max": pytest.approx(9.5e3 * EVERY_S),
    }  # fmt: skip
    assert lag.histogram.cumulated()[-1][1] == 100


def test_a_long_stop_costs_no_more_than_the_window() -> None:
    """After an hour of standing still no more beats are made up for than are kept, and sampling goes on from now."""
    lag = LoopLag()
    assert lag.beat(0.0, 3_600.0) == 3_600.0
    assert lag.percentiles_ms() is not None


def test_what_was_before_can_be_forgotten() -> None:
    """A measurement begins after the warming up; monitoring still has all."""
    lag = LoopLag()
    lag.beat(0.0, 5.0)
    lag.forget()
    assert lag.percentiles_ms() is None
    lag.beat(5.0, 5.001)
    found = lag.percentiles_ms()
    assert found is not None
    assert found["max"] == pytest.approx(1.0)


def test_nothing_yet() -> None:
    """Without a beat there is no figure."""
    assert LoopLag().percentiles_ms() is None


async def test_a_blocked_loop_shows() -> None:
    """While it runs, something that holds the loop for a while is in the maximum."""
    lag = LoopLag()
    sampling = asyncio.create_task(lag.run())
    await asyncio.sleep(EVERY_S)
    time.sleep(0.2)  # noqa: ASYNC251 - that is the point
    await asyncio.sleep(2 * EVERY_S)
    sampling.cancel()
    found = lag.percentiles_ms()
    assert found is not None
    assert found["max"] >= 150
