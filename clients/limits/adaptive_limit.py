"""Limit: how many calls a server takes at once without making them wait. Pure; times are seconds on one clock.

The idea is TCP Vegas's. By Little's law, calls in flight times the share of their time spent waiting is how many of
them wait on the server. A few are right: enough to leave no gap when one ends. Fewer: the limit grows, by ever larger
steps while nothing waits. More: what is too much is taken off at once. Both thresholds grow with the square root of the
limit, so that of two workers at one server the larger gives way to the smaller.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Protocol

from clients.limits.call_ages import BegunCall, CallAges
from clients.limits.queue_delay import Wait


@dataclass(frozen=True, slots=True)
class LimitRules:
    """`least` and `most` bound the limit. `eagerness` scales how much waiting on the server is tolerated: background
    work with a small one gives way to whoever else uses the server, another process too.

    A refusal leaves `cut` of the limit, and for a while it does not grow back to where it was refused: for
    `remember_first_s`, and once it is refused there again, `remember_s`.
    """

    initial: int = 16
    least: int = 1
    most: int = 256
    eagerness: float = 1.0
    cut: float = 0.8
    remember_first_s: float = 8.0
    remember_s: float = 30.0
    first_pause_s: float = 0.1
    longest_pause_s: float = 5.0
    longest_retry_after_s: float = 30.0


class Limit(Protocol):
    """How many calls may be in flight; it learns from how they end."""

    @property
    def calls(self) -> int:
        """The most calls that may be in flight now."""

    @property
    def closed_until_s(self) -> float:
        """Before then no call may begin."""

    def look(self, now_s: float, in_flight: int) -> None:
        """Somebody asks for a slot while so many calls are in flight: learn from how long they are there already."""

    def begin(self, now_s: float, in_flight: int) -> BegunCall:
        """A call may begin, as one of so many."""

    def sent(self, begun: BegunCall, now_s: float) -> None:
        """The call goes to the server now."""

    def first_token(self, begun: BegunCall, now_s: float) -> None:
        """The server has begun to answer."""

    def ended(self, begun: BegunCall) -> None:
        """The call is over, however it ended."""

    def wanted(self) -> None:
        """A call was held back though fewer than the limit are in flight."""

    def restart(self, calls: int) -> None:
        """Begin anew with so many: what was known is no longer true."""

    def answered(self, begun: BegunCall, now_s: float, wait: Wait) -> None:
        """A call was answered, after it had waited so long on the server."""

    def refused(self, begun: BegunCall, now_s: float, retry_after_s: float | None = None) -> None:
        """The server asked for less, or did not answer by the deadline."""


@dataclass(slots=True)
class Window:
    """What the calls told that began after the last change of the limit."""

    calls: int = 0
    in_flight: int = 0
    most: int = 0
    told_ms: float = 0.0
    late_ms: float = 0.0
    total_ms: float = 0.0
    wanted: bool = False

    def add(self, in_flight: int, wait: Wait, total_s: float) -> None:
        """One call more."""
        self.calls += 1
        self.in_flight += in_flight
        self.most = max(self.most, in_flight)
        self.told_ms += wait.told_ms
        self.late_ms += wait.late_ms
        self.total_ms += total_s * 1e3

    def waiting(self) -> tuple[float, float]:
        """How many calls were in flight on average, and how many of them waited on the server."""
        in_flight = self.in_flight / self.calls
        waited_ms = Wait(self.told_ms, self.late_ms).ms
        return in_flight, in_flight * waited_ms / max(self.total_ms, 1e-6)


class AdaptiveLimit:
    """Follows what the server can take."""

    def __init__(self, rules: LimitRules | None = None) -> None:
        self.rules = rules or LimitRules()
        self.closed_until_s = float("-inf")
        self._refused_at = self._refused_s = float("-inf")
        self._remember_s = self.rules.remember_first_s
        self._pause_s = self.rules.first_pause_s
        self._limit = self._step = float(min(self.rules.initial, self.rules.most))
        self._starting, self._held, self._changes = True, False, 0
        self._window, self._ages, self._look_s = Window(), CallAges(), float("-inf")

    def restart(self, calls: int) -> None:
        """Begin anew with so many: what was known is no longer true."""
        self._pause_s = self.rules.first_pause_s
        self._set(calls, step=1.0)

    @property
    def calls(self) -> int:
        """The most calls that may be in flight now."""
        return int(self._limit)

    def look(self, now_s: float, in_flight: int) -> None:
        """Learn from calls that are overdue: what waits on the server beyond the usual is taken off at once."""
        if now_s < self._look_s:
            return
        waiting = self._ages.overdue(now_s)
        if not waiting:
            return
        few, many = self._few_and_many(in_flight)
        limit = max(in_flight - waiting + few, self._limit / 2)
        if waiting > 2 * many and limit < self._limit:
            self._look_s = now_s + (self._ages.patience_s or 0.0)
            self._starting = False
            self._set(limit, step=1.0)

    def begin(self, now_s: float, in_flight: int) -> BegunCall:
        """A call may begin, as one of so many."""
        return BegunCall(now_s, in_flight, self._changes)

    def sent(self, begun: BegunCall, now_s: float) -> None:
        """The call goes to the server now."""
        self._ages.sent(begun, now_s)

    def first_token(self, begun: BegunCall, now_s: float) -> None:
        """The server has begun to answer."""
        self._ages.first_token(begun, now_s)

    def ended(self, begun: BegunCall) -> None:
        """The call is over, however it ended."""
        self._ages.ended(begun)

    def wanted(self) -> None:
        """A call was held back for its tokens: the limit decides how much is in flight, though fewer calls are."""
        self._window.wanted = True

    def answered(self, begun: BegunCall, now_s: float, wait: Wait) -> None:
        """Learn from an answer, unless the call began before the last change: it says nothing of what is now."""
        self._pause_s = self.rules.first_pause_s
        self._ages.answered(begun, now_s, wait.ms / 1e3)
        if begun.changes < self._changes:
            return
        window = self._window
        window.add(begun.in_flight, wait, now_s - begun.began_s)
        if window.calls >= min(max(self._limit / 2, 4), 50):
            self._decide(now_s)

    def refused(self, begun: BegunCall, now_s: float, retry_after_s: float | None = None) -> None:
        """Give way, once for all calls that began at the same limit, and stay away for as long as the server wishes."""
        rules = self.rules
        if retry_after_s is not None:
            self._close(now_s + min(retry_after_s, rules.longest_retry_after_s))
        if begun.changes < self._changes:
            return
        self._starting = False
        if self.calls <= rules.least:  # less is not possible in calls, so in time
            self._close(now_s + self._pause_s)
            self._pause_s = min(self._pause_s * 2, rules.longest_pause_s)
            self._refused_at = self._refused_s = float("-inf")  # it was not too many calls that it refused
            self._set(self._limit, step=1.0)
            return
        self._remember(min(self._limit, begun.in_flight), now_s)
        self._set(self._refused_at * rules.cut, step=1.0)

    def _remember(self, refused_at: float, now_s: float) -> None:
        """Refused where it was before, the server has so much room. Refused far below, it may refuse whatever comes,
        and be well again in a moment."""
        again = refused_at >= self._refused_at * self.rules.cut > 0
        self._remember_s = self.rules.remember_s if again else self.rules.remember_first_s
        self._refused_at, self._refused_s = refused_at, now_s

    def _decide(self, now_s: float) -> None:
        window = self._window
        in_flight, waiting = window.waiting()
        few, many = self._few_and_many(in_flight)
        full = window.wanted or window.most >= self.calls - self.calls // 16
        if waiting >= few and self._starting and not self._held:
            # Calls that begin together wait for each other: later ones decide.
            self._held, self._window = True, Window()
        elif waiting > many:
            self._starting = False
            self._set(max(self._limit - (waiting - few), self._limit / 2), step=1.0)
        elif waiting < few and full:
            self._held = False
            self._grow(now_s)
        else:
            self._starting &= not full
            self._step, self._window = self._step if self._starting else 1.0, Window()
            room = max(self.rules.initial, 2.0 * window.most)
            if room < self._limit and not full:  # a burst would try at once what nobody has tried for long
                self._set(room, self._step)

    def _grow(self, now_s: float) -> None:
        """By ever larger steps, but for a while not to where calls were refused; from there by small steps again."""
        limit, bound = self._limit + self._step, self._bound(now_s)
        step = min(self._step * 2, limit if self._starting else limit / 2) if limit <= bound else 1.0
        self._set(min(limit, bound), step)

    def _few_and_many(self, in_flight: float) -> tuple[float, float]:
        """How many of so many calls may wait on the server: with fewer the limit grows, with more it falls."""
        scale = self.rules.eagerness * (1 + sqrt(in_flight))
        return 0.3 * scale, 0.8 * scale

    def _bound(self, now_s: float) -> float:
        """For a while not what was refused."""
        lately = now_s < self._refused_s + self._remember_s
        return max(self._refused_at - 1, self._limit) if lately else float("inf")

    def _set(self, limit: float, step: float) -> None:
        self._limit = min(max(limit, self.rules.least), self.rules.most)
        self._step, self._window = min(step, self._limit), Window()  # a step of a larger limit would be a leap now
        self._changes += 1

    def _close(self, until_s: float) -> None:
        self.closed_until_s = max(self.closed_until_s, until_s)
