"""Registry: the replicas, in pools, and which of them are ejected. Pure but for the clients that it has made."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import structlog

from clients.limits.adaptive_limit import AdaptiveLimit, LimitRules
from clients.pools.ejection import EjectionRules, Fault, OutlierDetector
from clients.pools.endpoints import Connect, Endpoint, Pool
from clients.pools.limiter import Limiter
from clients.pools.replicas import Replica
from clients.pools.routing import Ranking
from clients.pools.wait_queue import WaitQueue

PEERS = 16
"""So many replicas of its pool, in turns, are what a replica's speed is compared with: all of them would make each call
dearer in a larger pool."""

log = structlog.get_logger()


Kind = Literal["added", "removed", "ejected", "returned", "marked"]
"""What became of a replica. One that is marked answers otherwise than its peers, and is perhaps not taken out."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that operators want to know of a replica. `at_s` is on the event loop's clock."""

    kind: Kind
    pool: str
    replica: str
    why: str
    at_s: float


Notify = Callable[[Notice], None]


@dataclass(frozen=True, slots=True)
class RegistryRules:
    """What each replica's limit and its ejection go by."""

    limits: LimitRules = field(default_factory=LimitRules)
    ejection: EjectionRules = field(default_factory=EjectionRules)


class ReplicaRegistry:
    """Times are seconds on the event loop's clock. `gone` are replicas taken out whose clients are not closed yet."""

    def __init__(
        self, connect: Connect, rules: RegistryRules, wait_queue: WaitQueue, notify: Notify | None = None
    ) -> None:
        self._connect, self._rules, self._wait_queue, self._notify = connect, rules, wait_queue, notify
        self._pools: list[list[Replica]] = []
        self._usable: list[Ranking[Replica]] = []
        self._count = 0
        self._out: list[Replica] = []
        self._compared: defaultdict[str, int] = defaultdict(int)
        self.gone: list[Replica] = []

    def __iter__(self) -> Iterator[Replica]:
        return (replica for pool in self._pools for replica in pool)

    def take_up(self, pools: Sequence[Pool], now_s: float) -> list[Replica]:
        """These are the pools from now on. Replicas that stay keep what was learned of them; returns the new ones."""
        before = list(self)
        self._pools = [[self._keep(endpoint, pool.name, before) for endpoint in pool.endpoints] for pool in pools]
        for replica in (left := [each for each in before if each not in list(self)]):
            replica.retired = True
            self._tell("removed", replica, "not in the settings any more", now_s)
        self.gone += left
        added = [each for each in self if each not in before]
        for replica in added if before else ():
            self._tell("added", replica, "in the settings", now_s)
        self._sort_out()
        return added

    def usable(self, now_s: float) -> Sequence[Ranking[Replica]]:
        """The replicas of each pool that calls may go to; those whose time has come are back among them."""
        for replica in self._out:
            if replica.outlier_detector.may_return(now_s):
                self._take_back(replica, now_s)
        return self._usable

    def judge(self, replica: Replica, now_s: float) -> None:
        """Eject it if it is sick, but never the last one, nor by its speed the greater part of a pool."""
        if self._count < 2 or not replica.usable:
            return
        if fault := self._sick(replica) or self._slow(replica):
            self.eject(replica, fault, now_s)

    def judge_answers(self, replica: Replica, fault: Fault, most: float, now_s: float) -> None:
        """Say once of a marked replica that it is, and eject it, but never more than this share of its pool for their
        answers, and never the last one."""
        detector = replica.outlier_detector
        if not detector.marked or not replica.usable:
            return
        if detector.marked_now:
            self._tell("marked", replica, fault.why, now_s)
        pool = next(pool for pool in self._pools if replica in pool)
        out = sum(each.outlier_detector.marked and not each.usable for each in pool)
        others = any(each.usable for each in self if each is not replica)
        if others and out + 1 <= most * len(pool):
            self.eject(replica, fault, now_s)

    def eject(self, replica: Replica, fault: Fault, now_s: float) -> None:
        """Send no more calls there for a while."""
        lasts_s = replica.outlier_detector.eject(now_s, fault.why)
        replica.counts.ejections[fault.cause] += 1
        self._sort_out()
        self._tell("ejected", replica, fault.why, now_s, for_s=lasts_s)

    def _take_back(self, replica: Replica, now_s: float) -> None:
        replica.outlier_detector.take_back(now_s)
        replica.limiter.limit.restart(self._rules.limits.least)
        self._sort_out()
        self._tell("returned", replica, f"was out: {replica.outlier_detector.why}", now_s)

    def _sort_out(self) -> None:
        """Which replicas are usable changes rarely and is asked often."""
        self._usable = [Ranking([replica for replica in pool if replica.usable]) for pool in self._pools]
        self._count = sum(map(len, self._usable))
        self._out = [replica for replica in self if not replica.usable]

    def _sick(self, replica: Replica) -> Fault | None:
        if not replica.outlier_detector.failing:
            return None
        others = (each.answered_s for usable in self._usable for each in usable if each is not replica)
        return replica.outlier_detector.sick(max(others))

    def _slow(self, replica: Replica) -> Fault | None:
        """Replicas of one pool and one weight are taken to be alike."""
        for pool, usable in zip(self._pools, self._usable, strict=True):
            if pool[0].pool == replica.pool and len(pool) - len(usable) + 1 <= len(pool) / 2:
                known = self._service_times(replica, usable.replicas)
                return replica.outlier_detector.slow(known)
        return None

    def _service_times(self, replica: Replica, pool: Sequence[Replica]) -> list[float]:
        """Of those at work beside it, as far as they are known; behind the last one stands the first. What an idle one
        took when it was asked last says nothing, nor one that shoppers leave: they have fewer calls at once."""
        first = self._compared[replica.pool] = (self._compared[replica.pool] + PEERS) % len(pool)
        peers = (pool[at % len(pool)] for at in range(first, first + min(PEERS, len(pool))))
        alike = (each for each in peers if each is not replica and each.weight == replica.weight and each.share == 1)
        return [known for each in alike if (known := each.outlier_detector.comparable_s) is not None]

    def _keep(self, endpoint: Endpoint, pool: str, before: Iterable[Replica]) -> Replica:
        for replica in before:
            if replica.endpoint.same_server(endpoint):
                replica.endpoint, replica.pool = endpoint, pool
                return replica
        limiter = Limiter(AdaptiveLimit(self._rules.limits), wait_queue=self._wait_queue)
        return Replica(endpoint, pool, self._connect(endpoint), limiter, OutlierDetector(self._rules.ejection))

    def _tell(
        self, kind: Kind, replica: Replica, why: str, now_s: float,
        **more: float,
    ) -> None:  # fmt: skip
        say = log.warning if kind in ("ejected", "marked") else log.info
        say(f"replica.{kind}", replica=replica.name, pool=replica.pool, why=why, **more)
        if self._notify is not None:
            self._notify(Notice(kind, replica.pool, replica.name, why, now_s))
