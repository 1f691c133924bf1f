"""Router: which replica a shopper's call goes to, and which one next when it fails."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence

from pydantic import ValidationInfo, field_validator

from clients.calls import Call, Class, Completion
from clients.limits.retry_budget import RetryBudget
from clients.pools.active_replicas import ActiveReplicas
from clients.pools.active_set import ActiveSetRules
from clients.pools.beat import Beat
from clients.pools.hedging import Hedges, hedged
from clients.pools.limiter import Slot
from clients.pools.registry import ReplicaRegistry
from clients.pools.replicas import Replica
from clients.pools.routing import Ranking
from streams.errors import ModelUnavailable
from streams.section import Calls, Seconds, SecondsOrZero, section

LOOK = 16
"""So many replicas of a pool are looked at for one call: the shopper's first ones, or in turns those that may have room
for anybody. So a call costs the same in a pool of a thousand."""

HEDGED: tuple[Class, ...] = ("realtime", "live")
"""Whose calls somebody waits for."""


@section
class RoutingRules:
    """Where a shopper's call goes when there are several servers."""

    locality_wait_s: Seconds = 0.2
    """How long a shopper waits for a slot at the server that holds their KV blocks, while others have slots."""
    spill_after_s: Seconds = 0.5
    """The next pool serves those who wait longer than this for a slot in the first."""
    tries: Calls = 3
    """How many servers of a pool a call is made at, at the most, when they fail or refuse it."""
    call_budget_s: SecondsOrZero = 0.0
    """Calls go to as few servers of a pool as answer within this, so that the others are free; 0: to all of them."""
    beat_s: SecondsOrZero = 0.0
    """Calls to one server begin together, once in so many seconds, where they end within call_budget_s all the same:
    its GPU rests in between. Realtime calls begin at once; 0: all do. Not for somebody else's router."""
    hedging: bool = False
    """Whether a call whose first token is later than 95 % of its class's is made at another server too: live calls and
    matches, at most one in fifty of each, and within the budget for retries."""
    golden_every_s: SecondsOrZero = 0.0
    """How often each server is asked the same prompt by one of the workers, to find the one that answers otherwise than
    its peers: a GPU that fails silently. 60 is good; 0: never."""

    @field_validator("beat_s")
    @classmethod
    def within_budget(cls, beat_s: float, info: ValidationInfo) -> float:
        """Whoever waits for a beat is to end within the budget."""
        if beat_s and beat_s >= info.data.get("call_budget_s", 0.0):
            raise ValueError("needs routing.call_budget_s, and must be less than that")
        return beat_s


class PoolRouter:
    """Shares out the slots of a registry's replicas. `epoch_s` is what the loop's clock lacks to the time that workers
    share."""

    def __init__(self, registry: ReplicaRegistry, rules: RoutingRules, epoch_s: float = 0.0) -> None:
        self.registry, self.rules = registry, rules
        self.active = ActiveReplicas(ActiveSetRules(max(rules.call_budget_s - rules.beat_s, 0.0)))
        self._beat, self._epoch_s = Beat(rules.beat_s, rules.call_budget_s), epoch_s
        self.retries = RetryBudget(share=0.2, least=3)
        self.hedges: Mapping[Class, Hedges] = {each: Hedges() for each in HEDGED}
        self.released: Replica | None = None
        self._looked: defaultdict[str, int] = defaultdict(int)
        self._full_since_s: dict[Class, float] = {}
        self._without_slot_s: dict[Class, float] = {}

    def room(self, traffic_class: Class) -> bool:
        """Whether there may be a slot for somebody who waits. Where none has come free for long and replicas are idle,
        who it is that waits decides: those at work may hang."""
        now_s = _now()
        usable = self.registry.usable(now_s)
        pools = [self.active.of(pool, 0.0, now_s) for pool in usable]
        if self._found(pools, traffic_class, now_s):
            self._full_since_s.pop(traffic_class, None)
            return True
        full_s = now_s - self._full_since_s.setdefault(traffic_class, now_s)
        if full_s < self.active.rules.patience_s + self.rules.beat_s or sum(map(len, pools)) == sum(map(len, usable)):
            return False
        self._without_slot_s[traffic_class] = now_s
        return True

    def _found(self, pools: Iterable[Ranking[Replica]], traffic_class: Class, now_s: float) -> bool:
        """Whether any replica has a slot, as far as a look at some of them tells: first the one whose slot was given
        back last, then others in turns."""
        released = self.released
        if released is not None and released.usable and self._has_room(released, traffic_class, now_s):
            return True
        return any(self._has_room(each, traffic_class, now_s) for pool in pools for each in self._some(pool.replicas))

    def _has_room(self, replica: Replica, traffic_class: Class, now_s: float) -> bool:
        return replica.limiter.admits(traffic_class, now_s) and self._begins(replica, traffic_class, now_s)

    def _some(self, replicas: Sequence[Replica]) -> Iterable[Replica]:
        if len(replicas) <= LOOK:
            return replicas
        pool = replicas[0].pool
        first = self._looked[pool] = (self._looked[pool] + LOOK) % len(replicas)
        return replicas[first : first + LOOK]

    def grant(
        self, key: str, traffic_class: Class, waited_s: float, passed_s: float, *, urgent: bool = False
    ) -> "RoutedSlot | None":
        """A slot for a shopper, None to wait for one. They have `waited_s`, and for `passed_s` of it there have been
        slots that were nobody's."""
        now_s, waited_s = _now(), self._beat.held_s(waited_s)
        passed_s = min(passed_s, now_s - self._without_slot_s.get(traffic_class, -math.inf))
        urgent = urgent or traffic_class == "realtime"
        for rank, usable in enumerate(self.registry.usable(now_s)):
            replicas = self.active.of(usable, waited_s, now_s, urgent=urgent)
            first = replicas.home(key)
            if first is None:
                continue
            for replica in self._choices(key, traffic_class, replicas, passed_s):
                begins = self._begins(replica, traffic_class, now_s)
                if begins and (slot := replica.limiter.acquire(traffic_class, now_s)):
                    self._full_since_s.pop(traffic_class, None)
                    replica.counts.non_local += replica is not first
                    replica.counts.spilled += rank > 0
                    return RoutedSlot(self, key, traffic_class, replica, slot)
            if waited_s + min(_wait_s(each, now_s) for each in replicas.order(key, LOOK)) < self.rules.spill_after_s:
                return None
        return None

    def _begins(self, replica: Replica, traffic_class: Class, now_s: float) -> bool:
        """Whether it is a replica's beat; a call that cannot wait has one of its own."""
        call_s = replica.outlier_detector.service_s
        return traffic_class == "realtime" or self._beat.opens(call_s, now_s + self._epoch_s)

    def _choices(
        self, key: str, traffic_class: Class, replicas: Ranking[Replica], passed_s: float
    ) -> Sequence[Replica]:
        """A shopper's own replica, and others for those who waited. A call that cannot wait goes where least runs: its
        prompt is short, and a home replica gained it nothing. One that shoppers leave is the last."""
        if traffic_class == "realtime":
            return sorted(replicas.order(key, LOOK), key=lambda each: (each.share < 1, each.limiter.load))
        return replicas.order(key, LOOK if passed_s >= self.rules.locality_wait_s else 1)

    def another(self, key: str, traffic_class: Class, but: Collection[Replica]) -> tuple[Replica, Slot] | None:
        """A slot at another replica, in the order of `grant`; only one that is free now."""
        now_s = _now()
        for replicas in self.registry.usable(now_s):
            for replica in self._choices(key, traffic_class, replicas, math.inf):
                if replica not in but and (slot := replica.limiter.acquire(traffic_class, now_s)):
                    return replica, slot
        return None


class RoutedSlot:
    """A slot as a shopper has it: when its replica fails, it moves to another one's. Releasing it again is harmless."""

    def __init__(self, router: PoolRouter, key: str, traffic_class: Class, replica: Replica, slot: Slot) -> None:
        self._router, self._key, self._class = router, key, traffic_class
        self._replica, self._slot = replica, slot

    def release(self) -> None:
        """Give the slot back."""
        self._router.released = self._replica
        self._slot.release()

    async def complete(self, call: Call) -> Completion:
        """Make the call; when its replica fails or refuses it, at another one that has a slot now, within the budget
        for retries. Raises as the port says, what the last one raised."""
        self._router.retries.call(_now())
        tried = [self._replica]
        while True:
            try:
                return await self._attempt(call)
            except ModelUnavailable:
                if not self._move(tried):
                    raise

    def _move(self, tried: list[Replica]) -> bool:
        router = self._router
        if len(tried) >= router.rules.tries:
            return False
        found = router.another(self._key, self._class, tried)
        if found is None:
            return False
        if not router.retries.spend(_now()):
            found[1].release()
            return False
        self.release()
        self._replica, self._slot = found
        self._replica.counts.retries += 1
        tried.append(self._replica)
        return True

    def _attempt(self, call: Call) -> Awaitable[Completion]:
        hedges = self._router.hedges.get(self._class) if self._router.rules.hedging else None
        if hedges is None:
            return self._ask(self._replica, self._slot, call)
        hedges.budget.call(_now())
        return hedged(
            call,
            lambda each: self._ask(self._replica, self._slot, each),
            lambda each: self._hedge(each, hedges.budget),
            hedges.first_tokens,
        )

    async def _ask(self, replica: Replica, slot: Slot, call: Call) -> Completion:
        try:
            return await replica.ask(slot, call)
        finally:
            self._router.registry.judge(replica, _now())

    async def _hedge(self, call: Call, budget: RetryBudget) -> Completion:
        """The same call at another replica; ModelUnavailable when there is no slot, or a budget is spent."""
        found = self._router.another(self._key, self._class, [self._replica])
        if found is None:
            raise ModelUnavailable("no other replica has a slot")
        replica, slot = found
        try:
            if not (budget.spend(_now()) and self._router.retries.spend(_now())):
                raise ModelUnavailable("the budget for hedging is spent")
            replica.counts.hedges += 1
            return await self._ask(replica, slot, call)
        finally:
            slot.release()


def _wait_s(replica: Replica, now_s: float) -> float:
    """How long until a replica has its next slot: about the time of a call, shared by those that run."""
    limit = replica.limiter.limit
    return max(limit.closed_until_s - now_s, (replica.outlier_detector.service_s or 0.0) / limit.calls)


def _now() -> float:
    return asyncio.get_running_loop().time()
