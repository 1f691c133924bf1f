"""Health: whether a worker is ready and whether it is alive, judged from what it sees of itself. Pure.

The two are different things. Ready says that everything a worker needs is there. Alive says that a restart would not
help: an outage of Kafka, Redis or the model never makes a worker less alive, however long it lasts.
"""

from dataclasses import dataclass

from agents.health.snapshot import Vitals

FRESH_S = 10.0
"""What was seen longer ago than this says nothing of now."""

STARTS = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """An answer to a probe; the reasons are for people."""

    ok: bool
    reasons: tuple[str, ...] = ()


class Health:
    """Judges the latest vitals. `observe` belongs to one thread; any thread may ask.

    Not alive is a worker whose event loop or polling has stood still for longer than `bound_s`, or whose oldest
    received, uncovered work is older. What passes while a dependency is away, or operators have paused the worker, does
    not count, and after it the count begins anew: the work of hours may then be waiting, and to catch up takes a while.

    A start has bounds of its own; one that takes STARTS times as long, since `began_s`, is stuck in spite of them.
    """

    def __init__(self, bound_s: float, began_s: float = float("inf")) -> None:
        self._bound_s, self._began_s = bound_s, began_s
        self._clear_s = float("-inf")
        self.vitals: Vitals | None = None

    def observe(self, vitals: Vitals) -> None:
        """Take note of what is seen now."""
        before = self.vitals
        if _waits_for(vitals) or (before is not None and _waits_for(before)):
            self._clear_s = vitals.at_s
        self.vitals = vitals

    def ready(self, now_s: float) -> Judgement:
        """Whether Kafka, Redis and a model are reachable. Before anything was observed a worker is starting."""
        vitals = self.vitals
        if vitals is None:
            return Judgement(ok=False, reasons=("starting",))
        reasons = [f"{dependency} is away: {why}" for dependency, why in sorted(vitals.away.items())]
        if now_s - vitals.at_s > FRESH_S:
            reasons.append(_stood("the event loop", now_s - vitals.at_s))
        return Judgement(not reasons, tuple(reasons))

    def alive(self, now_s: float) -> Judgement:
        """Whether the worker gets on with its work as far as others let it."""
        vitals = self.vitals
        if vitals is None:
            return Judgement(ok=now_s - self._began_s <= STARTS * self._bound_s, reasons=("starting",))
        if now_s - vitals.at_s > self._bound_s:
            return Judgement(ok=False, reasons=(_stood("the event loop", now_s - vitals.at_s),))
        if others := _waits_for(vitals):
            return Judgement(ok=True, reasons=tuple(f"waits for {other}" for other in others))
        reasons = self._stuck(vitals, now_s)
        return Judgement(not reasons, tuple(reasons))

    def _stuck(self, vitals: Vitals, now_s: float) -> list[str]:
        reasons = []
        polled = now_s - max(vitals.polled_s, self._clear_s)
        if polled > self._bound_s:
            reasons.append(_stood("polling Kafka", polled))
        for partition in vitals.partitions:
            if partition.oldest_s is None:
                continue
            age = now_s - max(partition.oldest_s, self._clear_s)
            if age > self._bound_s:
                reasons.append(f"work of {partition.topic}/{partition.number} has been uncovered for {age:.0f} s")
        return reasons


def _waits_for(vitals: Vitals) -> list[str]:
    return sorted(vitals.away) + ["operators, who have paused it"] * vitals.halted


def _stood(what: str, for_s: float) -> str:
    return f"{what} has stood still for {for_s:.0f} s"
