"""Target: a measure that must be reached, as people write it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from streams.errors import SettingInvalid

MORE_IS_BETTER = ("in_time_for_next", "in_time_for_next_any", "fresh_share")
LESS_IS_BETTER = ("freshness_p50_s", "freshness_p95_s")

_FORM = re.compile(r"\s*(\w+)\s*(>=|<=)\s*([0-9.]+)\s*")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of `penchant whatif` that must be at least `value`, or at most where less is better."""

    name: str
    value: float

    @property
    def more(self) -> bool:
        """Whether more is better."""
        return self.name in MORE_IS_BETTER

    def lacks(self, found: float | None) -> float:
        """By how much it is missed; 0 where it is reached. What could not be measured misses by all of it."""
        if found is None:
            return float("inf")
        return max(self.value - found if self.more else found - self.value, 0.0)

    def __str__(self) -> str:
        return f"{self.name}{'>=' if self.more else '<='}{self.value:g}"


def target(words: str) -> Target:
    """The one that these words tell, such as in_time_for_next>=0.95. SettingInvalid where they tell none."""
    signs: Mapping[str, tuple[str, ...]] = {">=": MORE_IS_BETTER, "<=": LESS_IS_BETTER}
    form = _FORM.fullmatch(words)
    try:
        if form and form[1] in signs[form[2]]:
            return Target(form[1], float(form[3]))
    except ValueError:
        pass
    wanted = [*(f"{name}>=" for name in MORE_IS_BETTER), *(f"{name}<=" for name in LESS_IS_BETTER)]
    raise SettingInvalid(
        f"--target: {words} is none of {', '.join(wanted)} and a number", "such as in_time_for_next>=0.95"
    )
