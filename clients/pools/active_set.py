"""Active set: how many replicas of a pool calls go to, so that the others are free for other work.

A GPU that decodes for one shopper is nearly as busy as one that decodes for sixty. So calls go to the first replicas of
the pool, as few as answer within a budget of time. The sets of several workers nest, however many each has found.
"""

from dataclasses import dataclass

import structlog

from clients.pools.replicas import Replica
from clients.pools.routing import Ranking

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ActiveSetRules:
    """A call may take `budget_s`; 0 keeps all replicas at work. One more is taken when calls take `slack` times that,
    once in `more_every_s`, or when somebody has waited for `patience_s`, once in `wait_every_s`; one fewer when calls
    would still be within the budget, once in `fewer_every_s`."""

    budget_s: float = 0.0
    slack: float = 1.2
    patience_s: float = 0.4
    wait_every_s: float = 1.0
    more_every_s: float = 10.0
    fewer_every_s: float = 30.0


class ActiveSet:
    """The size of one pool's set. Pure. Times are seconds on one clock that never goes back."""

    def __init__(self, rules: ActiveSetRules) -> None:
        self._rules = rules
        self._usable = 0
        self._since_s = float("-inf")
        self.size = 0

    def look(self, usable: int, call_s: float | None, waited_s: float, now_s: float) -> int:
        """How many of the pool's `usable` replicas to go to. `call_s` is how long a call takes at the slowest of those
        that are in the set, None while nobody knows; whoever asks has waited for `waited_s`."""
        if not self._rules.budget_s:
            return usable
        if usable != self._usable:  # one was ejected, or is back: all of them, until it is known what that means
            self._usable = usable
            return self._become(usable, now_s)
        step = self._step(call_s, waited_s, now_s - self._since_s)
        return self._become(self.size + step, now_s) if step else self.size

    def _step(self, call_s: float | None, waited_s: float, lasted_s: float) -> int:
        """By how many the set changes that has lasted for so long."""
        rules, size = self._rules, self.size
        if waited_s >= rules.patience_s:
            return lasted_s >= rules.wait_every_s
        if call_s is None:
            return 0
        if call_s > rules.budget_s * rules.slack:
            return lasted_s >= rules.more_every_s
        fewer = size > 1 and call_s * size / (size - 1) < rules.budget_s
        return -1 if fewer and lasted_s >= rules.fewer_every_s else 0

    def _become(self, size: int, now_s: float) -> int:
        self.size, self._since_s = min(size, self._usable), now_s
        return self.size


class ActiveSets:
    """One set for each pool, by its name. The log names the replicas that are left free."""

    def __init__(self, rules: ActiveSetRules) -> None:
        self._rules = rules
        self._sets: dict[str, ActiveSet] = {}
        self._first: dict[str, tuple[Ranking[Replica], Ranking[Replica]]] = {}

    def of(self, usable: Ranking[Replica], waited_s: float, now_s: float) -> Ranking[Replica]:
        """The first of the pool's usable replicas, as many as are needed; whoever asks has waited for `waited_s`."""
        if not self._rules.budget_s or not usable:
            return usable
        pool = usable.replicas[0].pool
        active = self._sets.setdefault(pool, ActiveSet(self._rules))
        before = active.size
        known = (each.outlier_detector.service_s for each in usable.replicas[:before])
        size = active.look(
            len(usable), max((each for each in known if each is not None), default=None), waited_s, now_s
        )
        of, first = self._first.get(pool, (None, usable))
        if of is not usable or len(first) != size:
            first = Ranking(usable.replicas[:size])
            self._first[pool] = usable, first
        if size != before:
            names = [each.name for each in usable]
            log.info("pool.active", pool=pool, active=names[:size], free=names[size:])
        return first
