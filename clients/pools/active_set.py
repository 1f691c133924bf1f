"""Active set: how many replicas of a pool calls go to, so that the others are free for other work. Pure.

A GPU that decodes for one shopper is nearly as busy as one that decodes for sixty. So calls go to the first replicas of
the pool, as few as answer within a budget of time. The sets of several workers nest, however many each has found.
"""

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

PORTIONS = 10
"""In so many portions its shoppers leave a replica."""


@dataclass(frozen=True, slots=True)
class ActiveSetRules:
    """A call may take `budget_s`; 0 keeps all replicas at work. One more is taken when calls take `slack` times that,
    once in `more_every_s`, or when somebody has waited for `patience_s`, once in `wait_every_s`. After one fewer that
    is not before `settle_s`, unless somebody has waited for the budget itself: limits grow to the new load, and prompts
    are new there. All are when somebody urgent has, but first the one that has just gone. One fewer when calls would
    still take less than `margin` of the budget, once in `fewer_every_s`; its shoppers leave within `leave_s`. A size
    that did not last that long was too small: it is barred for `bar_s`, twice as long each time, `longest_bar_s` at the
    most."""

    budget_s: float = 0.0
    slack: float = 1.2
    margin: float = 0.9
    patience_s: float = 0.4
    wait_every_s: float = 1.0
    settle_s: float = 25.0
    more_every_s: float = 10.0
    leave_s: float = 20.0
    fewer_every_s: float = 30.0
    bar_s: float = 120.0
    longest_bar_s: float = 960.0


class Bar(NamedTuple):
    """A size that was too small, and is not tried again before `until_s`. What fails within as long again after that
    is barred for twice as long."""

    lasts_s: float
    until_s: float


class ActiveSet:
    """The size of one pool's set. Times are seconds on one clock that never goes back. `raised`: so many, 0 for all,
    were put to work at once since somebody last set this to None. `bars` are by size; who decides for others shares
    theirs."""

    def __init__(self, rules: ActiveSetRules, bars: dict[int, Bar] | None = None) -> None:
        self._rules = rules
        self._usable = 0
        self._since_s = self._fewer_s = float("-inf")
        self._follows = False
        self.size = 0
        self.raised: int | None = None
        self._shrunk = self._took_back = False
        self.bars: dict[int, Bar] = {} if bars is None else bars

    def look(self, usable: int, call_s: float | None, waited_s: float, now_s: float, *, urgent: bool = False) -> int:
        """How many of the pool's `usable` replicas to go to. `call_s` is how long a call takes at the slowest of those
        that are in the set, None while nobody knows; whoever asks has waited for `waited_s`."""
        if not self._rules.budget_s:
            return usable
        if self.rise(usable, waited_s, now_s, urgent=urgent):
            return self.size
        step = self._step(call_s, waited_s, now_s)
        if step > 0:
            self._bar(now_s)
        return self._become(self.size + step, now_s) if step else self.size

    def rise(self, usable: int, waited_s: float, now_s: float, *, urgent: bool) -> bool:
        """Put all to work when one was ejected, or is back, until it is known what that means; or when somebody urgent
        waits for long, but first the one that has just gone: it was enough. Returns whether that was so."""
        if usable == self._usable:
            return urgent and waited_s >= self._rules.patience_s and self._relieve(now_s)
        self.raised = 0 if self._usable else self.raised
        self._usable = usable
        self._become(usable, now_s)
        return True

    def _relieve(self, now_s: float) -> bool:
        """Somebody urgent waits. Whoever does while one was just taken back waits for what that brings."""
        if self._took_back and now_s - self._since_s < self._rules.wait_every_s:
            return False
        self._bar(now_s)
        self.raised = self.size + 1 if self._just_fewer(now_s) else 0
        self._become(self.raised or self._usable, now_s)
        return True

    def _just_fewer(self, now_s: float) -> bool:
        return now_s - self._fewer_s < self._rules.fewer_every_s

    def follow(self, size: int, usable: int, now_s: float) -> int:
        """Take up a size that was decided elsewhere, 0 for all of those that are usable. The first one may be of long
        ago."""
        self._usable = usable
        size, before, known = min(size or usable, usable), self.size, self._follows
        self._follows = True
        if size == before:
            return size
        self._become(size, now_s)
        if not known:
            self._fewer_s = float("-inf")
        return size

    def leaving(self, now_s: float) -> float:
        """The share of its shoppers that is still with the one that went last: its others come to caches that do not
        know them a few at a time, the first at once."""
        left = 1 - (now_s - self._fewer_s) / self._rules.leave_s
        return (ceil(left * PORTIONS) - 1) / PORTIONS if left > 0 else 0.0

    def _step(self, call_s: float | None, waited_s: float, now_s: float) -> int:
        """By how many the set changes."""
        rules, size, lasted_s = self._rules, self.size, now_s - self._since_s
        if waited_s >= rules.patience_s:
            settles = self._shrunk and waited_s < rules.budget_s
            return lasted_s >= (rules.settle_s if settles else rules.wait_every_s)
        if call_s is None:
            return 0
        if call_s > rules.budget_s * rules.slack:
            return lasted_s >= rules.more_every_s
        fewer = size > 1 and call_s * size / (size - 1) < rules.budget_s * rules.margin
        if not fewer or lasted_s < rules.fewer_every_s:
            return 0
        self.bars.pop(size, None)
        bar = self.bars.get(size - 1)
        return -1 if bar is None or now_s >= bar.until_s else 0

    def _bar(self, now_s: float) -> None:
        """The set grows: if it was made smaller a moment ago, that was too small. What calls would take with one fewer
        is only guessed, and where they wait for a slot the guess is too low."""
        if self._just_fewer(now_s) and self.size < self._usable:
            before = self.bars.get(self.size)
            again = before is not None and now_s < before.until_s + before.lasts_s
            lasts_s = min(2 * before.lasts_s, self._rules.longest_bar_s) if before and again else self._rules.bar_s
            self.bars[self.size] = Bar(lasts_s, now_s + lasts_s)

    def _become(self, size: int, now_s: float) -> int:
        """An ejected one is not one fewer: nobody is there whom shoppers could leave."""
        self._took_back = self._just_fewer(now_s) and self.size < size < self._usable
        self._shrunk, fewer = size < self.size, size == self.size - 1 and size < self._usable
        self._fewer_s = now_s if fewer else float("-inf")
        self.size, self._since_s = min(size, self._usable), now_s
        return self.size
