"""Ejection: whether a replica is sick, and when it may come back. Pure; times are seconds on one clock.

A replica is sick when it fails call after call, fails its probes while no call succeeds, or is far slower than its
peers; and when its answers differ from theirs (clients/pools/golden.py). One that is only overloaded is not sick: a
busy pool would otherwise be taken for a dead one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, NamedTuple

MEMORY = 0.1
"""How much one answer changes what is known of a replica's speed."""


Cause = Literal["calls", "probes", "speed", "answers"]
"""What it is that goes wrong."""


class Fault(NamedTuple):
    """Why a replica is ejected: in one word, for a metric, and as a sentence."""

    cause: Cause
    why: str


@dataclass(frozen=True, slots=True)
class EjectionRules:
    """How many failures in a row are too many, for calls, for probes, and for calls of a replica on trial; how many
    times slower than its peers, and by how much, is too slow, known from so many answers. An ejection lasts `first_s`,
    the next ones ever longer, until a replica has been well for `forgive_s`. `differing`: answers in a row that are
    unlike those of its peers."""

    failures: int = 5
    failures_on_trial: int = 2
    failed_probes: int = 3
    slower: float = 3.0
    slower_by_s: float = 0.25
    answers: int = 20
    first_s: float = 15.0
    longest_s: float = 300.0
    differing: int = 3
    forgive_s: float = 300.0


class OutlierDetector:
    """One replica's. `why` it is out, or was last; `ejections` since it was last well for long."""

    def __init__(self, rules: EjectionRules) -> None:
        self._rules = rules
        self.out = self.on_trial = False
        self.why = ""
        self.ejections = 0
        self._until_s = self._since_s = float("-inf")
        self._failures = self._failed_probes = 0
        self._fault = ""
        self._only_late = True
        self._failing_since_s = float("-inf")
        self.answered_s = float("-inf")
        self._answers = self._alike = 0
        self._service_s = self._alike_s = 0.0
        self._load_s = float("-inf")
        self.differing = 0

    @property
    def marked(self) -> bool:
        """Whether it answered otherwise than its peers, too often in a row."""
        return self.differing >= self._rules.differing

    @property
    def marked_now(self) -> bool:
        """Whether the last comparison has marked it."""
        return self.differing == self._rules.differing

    @property
    def failing(self) -> bool:
        """Whether its last call or its last probe failed. Only then can it be sick."""
        return bool(self._failures or self._failed_probes)

    @property
    def service_s(self) -> float | None:
        """How long it takes for a call once it works on it; None before that is known well enough."""
        return self._service_s if self._answers >= self._rules.answers else None

    def answered(self, now_s: float, service_s: float) -> None:
        """A call succeeded."""
        self._failures = self._failed_probes = 0
        self._only_late, self.answered_s = True, now_s
        self._answers += 1
        self._service_s += (service_s - self._service_s) * max(MEMORY, 1 / self._answers)
        if now_s - service_s >= self._load_s:
            self._alike += 1
            self._alike_s += (service_s - self._alike_s) * max(MEMORY, 1 / self._alike)
        if self.on_trial and self._answers >= self._rules.answers:
            self.on_trial = False
        if self.ejections and now_s >= self._since_s + self._rules.forgive_s:
            self.ejections = 0

    def under_another_load(self, now_s: float) -> None:
        """Calls that began before say nothing any more of how fast it is beside its peers."""
        self._load_s, self._alike = now_s, 0

    @property
    def comparable_s(self) -> float | None:
        """How long it takes for a call, known from enough of them that began under the load that it has now."""
        return self._alike_s if self._alike >= self._rules.answers else None

    def failed(self, now_s: float, fault: str, *, late: bool = False) -> None:
        """A call failed, other than by overload; `late`: it was not answered by its deadline."""
        if not self._failures:
            self._failing_since_s = now_s
        self._failures, self._fault = self._failures + 1, fault
        self._only_late &= late

    def probed(self, fault: str | None) -> None:
        """A probe was answered, or failed with that."""
        self._failed_probes = self._failed_probes + 1 if fault else 0
        self._fault = fault or self._fault

    def compared(self, *, agrees: bool) -> int:
        """It answered as its peers did, or not; returns how often in a row it did not."""
        self.differing = 0 if agrees else self.differing + 1
        return self.differing

    def sick(self, peer_answered_s: float) -> Fault | None:
        """Why it should be ejected, None when it should not; its speed is for `slow` to judge.

        `peer_answered_s` is when another replica last answered. While nobody answers in time, all are overloaded.
        """
        rules = self._rules
        if self._failed_probes >= rules.failed_probes:
            return Fault("probes", f"{self._failed_probes} probes in a row failed, the last with: {self._fault}")
        if self._failures < (rules.failures_on_trial if self.on_trial else rules.failures):
            return None
        if self._only_late and peer_answered_s < self._failing_since_s:
            return None
        return Fault("calls", f"{self._failures} calls in a row failed, the last with: {self._fault}")

    def slow(self, peers: Sequence[float]) -> Fault | None:
        """Why it should be ejected beside peers that take so many seconds for a call; None when it should not."""
        own_s, rules = self.comparable_s, self._rules
        if own_s is None or not peers:
            return None
        theirs_s = median(peers)
        if own_s < max(rules.slower * theirs_s, theirs_s + rules.slower_by_s):
            return None
        return Fault("speed", f"a call takes {own_s:.2f} s, and {theirs_s:.2f} s on its peers")

    def eject(self, now_s: float, why: str) -> float:
        """Out it goes; returns for how many seconds at least."""
        rules = self._rules
        lasts_s = min(rules.first_s * 2.0**self.ejections, rules.longest_s)
        self.out, self.why, self.ejections = True, why, self.ejections + 1
        self._until_s = now_s + lasts_s
        return lasts_s

    def may_return(self, now_s: float) -> bool:
        """Whether its time has passed, it does not fail its probes, and it answers as its peers do."""
        return self.out and now_s >= self._until_s and not self._failed_probes and not self.marked

    def take_back(self, now_s: float) -> None:
        """In again, on trial: it has to show anew how fast it is, and few failures are enough."""
        self.out, self.on_trial, self._since_s = False, True, now_s
        self._failures = self._failed_probes = self._answers = self._alike = 0
