"""Forecast: what is usual at that time, scaled by the last hour; never worse than foolish."""

import math
from collections.abc import Callable
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.fleet.forecast import DAY, KEPT, SLOT_S, WEEK, expected, forecast, slot_of

NOW = KEPT


def fortnight(rate: Callable[[int], float], slots: int = KEPT) -> dict[int, int]:
    return {slot: round(rate(slot)) for slot in range(NOW - slots, NOW)}


def shop(slot: int) -> float:
    """Calls of a slot: a low night, a high evening, and half as much again at the weekend."""
    daily = 1_000 + 800 * math.sin(2 * math.pi * (slot % DAY) / DAY)
    return daily * (1.5 if (slot % WEEK) // DAY >= 5 else 1.0)


@given(st.integers(0, 100_000), st.integers(2, KEPT))
def test_a_constant_load_is_forecast_as_it_is(count: int, slots: int) -> None:
    """However short the history: nothing swings, and of nothing comes nothing."""
    found = forecast(fortnight(lambda _: count, slots), NOW)
    assert found is not None
    assert found.now == found.ahead == found.peak == round(count / SLOT_S, 3)


def test_of_nothing_nothing_is_said() -> None:
    """Nor of what is only just beginning."""
    assert forecast({}, NOW) is None
    assert forecast({NOW: 5}, NOW) is None


def test_the_days_peak_is_foreseen() -> None:
    """Its time and its height, weekday and weekend apart."""
    history = fortnight(shop)
    found = forecast(history, NOW)
    assert found is not None
    coming = {slot: shop(slot) for slot in range(NOW, NOW + DAY)}
    assert found.peak == pytest.approx(max(coming.values()) / SLOT_S, rel=0.02)
    assert abs(slot_of(found.peak_at_s) - max(coming, key=coming.__getitem__)) <= 12
    assert found.ahead == pytest.approx(shop(NOW + 3) / SLOT_S, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_an_hour_ahead_it_is_better_than_what_is_now(seed: int) -> None:
    """On a noisy fortnight, over the two days that follow: less than half of the error."""
    random, ours, theirs = Random(seed), list[float](), list[float]()
    noisy = {slot: round(shop(slot) * random.uniform(0.9, 1.1)) for slot in range(NOW + 2 * DAY)}
    for slot in range(NOW, NOW + 2 * DAY - 12, 7):
        known = {each: count for each, count in noisy.items() if slot - KEPT <= each < slot}
        ours.append(abs(expected(known, slot, 12) - noisy[slot + 12]))
        theirs.append(abs(noisy[slot - 1] - noisy[slot + 12]))
    assert fmean(ours) < fmean(theirs) / 2


def test_a_flash_sale_scales_what_is_usual_and_passes() -> None:
    """While it lasts, the next slots are forecast three times as high; an hour after its end as they were."""
    sale = fortnight(shop) | {slot: round(shop(slot) * 3) for slot in range(NOW - 12, NOW)}
    assert expected(sale, NOW, 3) == pytest.approx(3 * shop(NOW + 3), rel=0.05)
    over = sale | {slot: round(shop(slot)) for slot in range(NOW, NOW + 12)}
    assert expected(over, NOW + 12, 3) == pytest.approx(shop(NOW + 15), rel=0.05)


def test_a_young_topic_is_as_it_is_now() -> None:
    """The mean of its last hour, until there is a day to look back at."""
    assert expected({NOW - 2: 10, NOW - 1: 30}, NOW, 3) == 20
