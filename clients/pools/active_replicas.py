"""Active replicas: which replicas of each pool this worker's calls go to, by the fleet's word or by its own look."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog

from clients.pools.active_set import ActiveSet, ActiveSetRules, Bar
from clients.pools.replicas import Replica
from clients.pools.routing import Ranking

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """What a worker has seen of a pool since it was last asked: how many replicas are usable and at work, how long a
    call takes at the slowest of those, None while nobody knows, and how long somebody has waited. `raised`: it has put
    so many to work at once, 0 for all; `free` names those that are idle."""

    usable: int
    size: int
    call_s: float | None = None
    waited_s: float = 0.0
    raised: int | None = None
    free: tuple[str, ...] = ()


class ActivePool:
    """The set of one pool. While the fleet's word is fresh, this worker only puts more to work at once."""

    def __init__(self, rules: ActiveSetRules, usable: Ranking[Replica]) -> None:
        self._set = ActiveSet(rules)
        self._of, self._first = usable, usable
        self._heard_until_s = float("-inf")
        self._waited_s = 0.0
        self._leaving = 0.0

    def first(self, usable: Ranking[Replica], waited_s: float, now_s: float, *, urgent: bool) -> Ranking[Replica]:
        """The first of the usable replicas, as many as are needed, and one that shoppers leave."""
        self._waited_s = max(self._waited_s, waited_s)
        before, active = self._set.size, self._set
        if now_s < self._heard_until_s:
            active.rise(len(usable), waited_s, now_s, urgent=urgent)
        else:
            active.look(len(usable), self._call_s(usable), waited_s, now_s, urgent=urgent)
        if self._of is not usable or active.size != before or active.leaving(now_s) != self._leaving:
            self._become(usable, now_s, named=active.size != before)
        return self._first

    def follow(self, size: int, now_s: float, until_s: float) -> None:
        """The fleet has decided this size, 0 for all, which holds until then. A larger one that this worker has put to
        work meanwhile is to be told first."""
        self._heard_until_s, before = until_s, self._set.size
        if self._set.raised is not None and 0 < size < before:
            return
        changed = self._set.follow(size, len(self._of), now_s) != before
        if changed or self._set.leaving(now_s) != self._leaving:
            self._become(self._of, now_s, named=changed)

    @property
    def bars(self) -> dict[int, Bar]:
        """The sizes that were too small."""
        return self._set.bars

    def load(self) -> PoolLoad:
        """What was seen since the last time."""
        free = tuple(each.name for each in self._of if not each.share)
        seen = PoolLoad(
            len(self._of), self._set.size, self._call_s(self._of), self._waited_s, self._set.raised, free
        )  # fmt: skip
        self._waited_s, self._set.raised = 0.0, None
        return seen

    def _call_s(self, usable: Ranking[Replica]) -> float | None:
        known = (each.outlier_detector.service_s for each in usable.replicas[: self._set.size])
        return max((each for each in known if each is not None), default=None)

    def _become(self, usable: Ranking[Replica], now_s: float, *, named: bool) -> None:
        size = self._set.size
        left = self._set.leaving(now_s)
        named, self._leaving = named or (left == 0) != (self._leaving == 0), left
        self._of, self._first = usable, Ranking(usable.replicas[: size + (left > 0)], left or 1.0)
        shares = [1.0] * size + [left] + [0.0] * len(usable)
        changed = any((each.share == 1) != (share == 1) for each, share in zip(usable, shares, strict=False))
        for each, share in zip(usable, shares, strict=False):
            each.share = share
            if changed:
                each.outlier_detector.under_another_load(now_s)
        if named:
            names, gone = [each.name for each in usable], size + (left > 0)
            pool = usable.replicas[0].pool
            log.info("pool.active", pool=pool, active=names[:size], leaving=names[size:gone], free=names[gone:])


class ActiveReplicas:
    """One set for each pool, by its name."""

    def __init__(self, rules: ActiveSetRules) -> None:
        self.rules = rules
        self._pools: dict[str, ActivePool] = {}

    def of(self, usable: Ranking[Replica], waited_s: float, now_s: float, *, urgent: bool = False) -> Ranking[Replica]:
        """The first of the pool's usable replicas, as many as are needed; whoever asks has waited for `waited_s`."""
        if not self.rules.budget_s or not usable:
            return usable
        pool = self._pools.get(usable.replicas[0].pool)
        if pool is None:
            pool = self._pools[usable.replicas[0].pool] = ActivePool(self.rules, usable)
        return pool.first(usable, waited_s, now_s, urgent=urgent)

    def keep(self, pools: Collection[str]) -> None:
        """Know nothing of other pools any more."""
        self._pools = {name: pool for name, pool in self._pools.items() if name in pools}

    def follow(self, pool: str, size: int, now_s: float, until_s: float) -> None:
        """The fleet has decided so for a pool."""
        if known := self._pools.get(pool):
            known.follow(size, now_s, until_s)

    def bars(self, pool: str) -> dict[int, Bar]:
        """The sizes of a pool that were too small, to be told and learned of."""
        return self._pools[pool].bars if pool in self._pools else {}

    def loads(self) -> Mapping[str, PoolLoad]:
        """What was seen of each pool since the last time; nothing where all are always at work."""
        return {name: pool.load() for name, pool in self._pools.items()}
