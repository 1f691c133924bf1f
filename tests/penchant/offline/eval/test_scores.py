"""The textbook measures, held against their definitions."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.offline.eval import scores
from penchant.offline.eval.agreement import kappa

probabilities = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.5, 0.5, 1.0]))
cases = st.lists(st.tuples(probabilities, st.booleans(), st.integers(0, 3)), min_size=2, max_size=30)
prices = st.floats(0.01, 1e6)


def columns(drawn: list[tuple[float, bool, int]]) -> tuple[scores.Floats, scores.Floats, scores.Floats]:
    """Probabilities, what happened, and one row of weights."""
    said, happened, weights = zip(*drawn, strict=True)
    return np.array(said), np.array(happened, dtype=float), np.array([weights], dtype=float)


@given(cases)
def test_the_auc_counts_pairs(drawn: list[tuple[float, bool, int]]) -> None:
    """The share of (happened, did not) pairs in the right order, ties half; a weight is as many copies."""
    copies = [(said, happened) for said, happened, weight in drawn for _ in range(weight)]
    yes, no = ([said for said, happened in copies if happened is which] for which in (True, False))
    got = scores.auc(*columns(drawn))[0]
    if not yes or not no:
        assert math.isnan(got)
        return
    right = sum((high > low) + (high == low) / 2 for high, low in itertools.product(yes, no))
    assert got == pytest.approx(right / (len(yes) * len(no)))


@given(cases)
def test_the_calibration_error_is_a_mean_distance(drawn: list[tuple[float, bool, int]]) -> None:
    """Between 0 and 1, the same for copies as for weights, and by its definition over the bins."""
    drawn = [*drawn, (0.3, True, 1)]
    copies = [(said, happened, 1) for said, happened, weight in drawn for _ in range(weight)]
    weighted, copied = scores.calibration_error(*columns(drawn))[0], scores.calibration_error(*columns(copies))[0]
    said, happened, _ = columns(copies)
    bins = scores.reliability(said, happened)
    by_bins = sum(abs(mean - share) * many for mean, share, many in bins) / len(copies)
    assert weighted == pytest.approx(copied) == pytest.approx(by_bins)
    assert 0 <= weighted <= 1
    assert sum(many for *_, many in bins) == len(copies)


def test_who_says_what_happens_is_calibrated() -> None:
    """Half of what is given a half, none of what is given nothing."""
    said, happened = np.array([0.5, 0.5, 0.0, 1.0]), np.array([1.0, 0.0, 0.0, 1.0])
    assert scores.calibration_error(said, happened, np.ones((1, 4)))[0] == 0


@given(probabilities, st.floats(0.05, 0.95))
def test_honesty_is_the_best_policy(said: float, truth: float) -> None:
    """Log-loss and Brier score are proper: on average nobody does better than with the true probability."""
    for score in (scores.log_loss, scores.brier):
        honest, other = (
            truth * score(each, happened=True) + (1 - truth) * score(each, happened=False) for each in (truth, said)
        )
        assert honest <= other + 1e-9


@given(prices, prices, prices)
def test_a_band_pays_for_its_width_and_its_miss(one: float, other: float, price: float) -> None:
    """Exactly its width while it holds the price; each doubling that it misses by costs ten."""
    low, high = min(one, other), max(one, other)
    score, width = scores.interval_score(low, high, price), scores.width(low, high)
    assert width >= 0
    if low <= price <= high:
        assert score == pytest.approx(width)
    else:
        missed = math.log2(low / price) if price < low else math.log2(price / high)
        assert score == pytest.approx(width + 10 * missed)


@given(st.lists(st.sampled_from("abc")), st.sampled_from("abc"))
def test_the_reciprocal_rank_is_one_over_the_place(names: list[str], right: str) -> None:
    """1 for the first, 0 for what is not named."""
    rank = scores.reciprocal_rank(names, right)
    assert rank == (1 / (names.index(right) + 1) if right in names else 0)


@given(st.lists(st.tuples(st.sampled_from("abt"), st.sampled_from("abt")), min_size=1, max_size=40))
def test_kappa_is_symmetric_and_at_most_one(labels: list[tuple[str, str]]) -> None:
    """Who agrees always, on more than one label, has 1."""
    one, other = zip(*labels, strict=True)
    assert kappa(one, other) == pytest.approx(kappa(other, one))
    assert kappa(one, other) <= 1
    assert kappa(one, one) == (1 if len(set(one)) > 1 else 0)


def test_kappa_of_the_textbook() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes and 15 no-no are 0.4 (Cohen 1960, in many textbooks)."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(*zip(*pairs, strict=True)) == pytest.approx(0.4)


def test_kappa_needs_labels() -> None:
    """Of nothing, or of two lists of unlike length, there is none."""
    for one, other in (([], []), (["a"], ["a", "b"])):
        with pytest.raises(ValueError, match="same things"):
            kappa(one, other)
