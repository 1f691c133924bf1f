"""Outcomes: what became of the calls of each arm, for metrics and for the fleet's pooled counts."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from operator import add
from typing import Self

from agents.health.histogram import Histogram

LATENCY_S = tuple(round(0.1 * 2 ** (step / 2), 3) for step in range(15))
"""Upper bounds of the latency histogram: from 0.1 s to 12.8 s, two to each doubling."""

ArmKey = tuple[str, str]
"""The names of an experiment and of one of its arms, or `control`."""

Count = tuple[ArmKey, str]
"""Whose, and what: a field of Counts, or the number of a latency bucket."""


@dataclass(frozen=True, slots=True)
class Counts:
    """`failed` calls got no answer in time. Of those answered, `latency` by bucket, some answers were `invalid`, of
    which some repeated an example (`parroted`), and some of the valid ones named no evidence (`empty`). `agreed` shadow
    answers named the mission of the live one; `skipped` ones were not asked for, for want of a slot. `withheld`
    sessions of a holdout got no intent."""

    failed: int = 0
    invalid: int = 0
    empty: int = 0
    agreed: int = 0
    skipped: int = 0
    withheld: int = 0
    parroted: int = 0
    latency: tuple[int, ...] = (0,) * (len(LATENCY_S) + 1)

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """From counts by what they count; what is not known here is left out."""
        latency = tuple(counts.get(str(bucket), 0) for bucket in range(len(LATENCY_S) + 1))
        return cls(**{name: counts.get(name, 0) for name in NAMES}, latency=latency)

    @property
    def answered(self) -> int:
        """Calls that were answered."""
        return sum(self.latency)

    @property
    def attempts(self) -> int:
        """Calls that have ended."""
        return self.answered + self.failed

    @property
    def valid(self) -> int:
        """Answers that are intents."""
        return max(self.answered - self.invalid, 0)

    @property
    def p95_s(self) -> float | None:
        """What 95 % of the answers stayed below, as far as the buckets tell; None of none, or beyond the last bound."""
        enough, below = 0.95 * self.answered, 0
        for count, low_s, high_s in zip(self.latency, (0.0, *LATENCY_S), LATENCY_S, strict=False):
            if count and below + count >= enough:
                return low_s + (high_s - low_s) * (enough - below) / count
            below += count
        return None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.failed + other.failed,
            self.invalid + other.invalid,
            self.empty + other.empty,
            self.agreed + other.agreed,
            self.skipped + other.skipped,
            self.withheld + other.withheld,
            self.parroted + other.parroted,
            tuple(map(add, self.latency, other.latency)),
        )


NAMES = tuple(each.name for each in fields(Counts) if each.name != "latency")


class Outcomes:
    """Counts of one worker: `totals` since its start, and what was not taken to the fleet's yet. The settings bound the
    arms, and so the keys."""

    def __init__(self) -> None:
        self.totals: defaultdict[ArmKey, Counter[str]] = defaultdict(Counter)
        self.latency_s: defaultdict[ArmKey, Histogram] = defaultdict(lambda: Histogram(LATENCY_S))
        self._fresh: Counter[Count] = Counter()
        self._sessions: Counter[Count] = Counter()

    def note_session(self, keys: Iterable[ArmKey], what: str, count: int = 1) -> None:
        """Count a session that began, or what came of it; nothing leaves no trace."""
        for key in keys if count else ():
            self.totals[key][what] += count
            self._sessions[key, what] += count

    def take_sessions(self) -> Mapping[Count, int]:
        """What was counted of sessions since the last time."""
        sessions, self._sessions = self._sessions, Counter()
        return sessions

    def note(self, keys: Iterable[ArmKey], what: str) -> None:
        """Count something once."""
        for key in keys:
            self.totals[key][what] += 1
            self._fresh[key, what] += 1

    def note_answer(self, keys: Iterable[ArmKey], seconds: float) -> None:
        """Count an answer, by how long it took."""
        bucket = str(bisect_left(LATENCY_S, seconds))
        for key in keys:
            self.latency_s[key].add(seconds)
            self._fresh[key, bucket] += 1

    def take(self) -> Mapping[Count, int]:
        """What was counted since the last time."""
        fresh, self._fresh = self._fresh, Counter()
        return fresh


class ArmCallCounter:
    """Counts the calls of one shopper, for the arms that they count as."""

    def __init__(self, outcomes: Outcomes, keys: tuple[ArmKey, ...]) -> None:
        self._outcomes, self._keys = outcomes, keys

    def note(self, what: str) -> None:
        """Count something once."""
        self._outcomes.note(self._keys, what)

    def answered(self, seconds: float) -> None:
        """Count an answer, by how long it took."""
        self._outcomes.note_answer(self._keys, seconds)


UNCOUNTED = ArmCallCounter(Outcomes(), ())
"""Counts nothing."""
