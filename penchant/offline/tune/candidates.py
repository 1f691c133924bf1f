"""Candidates: settings to try, in the words of `penchant whatif --with`. Pure and seeded."""

import math
import random
import shlex
from collections.abc import Mapping

AS_IT_IS = ""
"""The settings in force."""

PROFILES = ("profile=fresh", "profile=balanced", "profile=thrifty")

URGENT = ("cart_add,checkout,purchase,search", "checkout,purchase", "cart_add,checkout,purchase")
"""Which actions are due at once."""

UNCHANGED_S = (0.0, 600.0)
"""For how long a call is left out while nothing changes."""

DEBOUNCE_S, WAIT_TIMES, INTERVAL_S = (0.2, 6.0), (1.5, 6.0), (0.5, 12.0)
"""From where to where: the quiet time, the longest wait in quiet times, and the least time between two calls."""


def candidates(number: int, seed: int) -> list[str]:
    """So many: as it is, the profiles, and what the dice of `seed` give for four settings of the triggers and one of
    the calls."""
    dice = random.Random(seed)
    known = [AS_IT_IS, *PROFILES][:number]
    return known + [_thrown(dice) for _ in range(number - len(known))]


def settings_of(words: str) -> Mapping[str, str]:
    """The settings by full name that a candidate sets."""
    return dict(word.split("=", 1) for word in shlex.split(words))


def _thrown(dice: random.Random) -> str:
    debounce_s = _between(dice, DEBOUNCE_S)
    wait_s = debounce_s * _between(dice, WAIT_TIMES)
    return (
        f"triggers.debounce_s={debounce_s:.2f} triggers.max_wait_s={wait_s:.2f}"
        f" triggers.min_interval_s={_between(dice, INTERVAL_S):.2f} triggers.urgent={dice.choice(URGENT)}"
        f" calls.unchanged_for_s={dice.choice(UNCHANGED_S):g}"
    )


def _between(dice: random.Random, bounds: tuple[float, float]) -> float:
    """As likely within each doubling."""
    return math.exp(dice.uniform(math.log(bounds[0]), math.log(bounds[1])))
