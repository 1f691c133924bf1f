"""Fleet: where a shopper's call goes, and where it goes when that fails."""

import asyncio
from collections.abc import Collection

from clients.calls import Call, Class, Completion
from clients.limits.retry_budget import Budget
from clients.pools.hedging import FirstTokens, hedged
from clients.pools.limiter import Slot
from clients.pools.registry import Roster
from clients.pools.replicas import Replica
from clients.pools.routing import home, order
from streams.errors import ModelUnavailable
from streams.section import Calls, Seconds, section


@section
class FleetRules:
    """Where a shopper's call goes when there are several servers."""

    home_s: Seconds = 0.2
    """How long a shopper waits for a place at the server that holds their KV blocks, while others have places."""
    spill_after_s: Seconds = 0.5
    """The next pool serves those who wait longer than this for a place in the first."""
    tries: Calls = 3
    """How many servers of a pool a call is made at, at the most, when they fail or refuse it."""
    hedging: bool = False
    """Whether a call whose first token is late is made at another server too, at most one call in fifty."""


class Fleet:
    """Shares out the places of a roster's replicas."""

    def __init__(self, roster: Roster, rules: FleetRules) -> None:
        self.roster, self.rules = roster, rules
        self.retries = Budget(share=0.2, least=3)
        self.hedges = Budget(share=0.02, least=0, window_s=300.0)
        self.first_tokens = FirstTokens()

    def room(self, traffic_class: Class) -> bool:
        """Whether any replica has a place. Asked by somebody who waits for one."""
        now_s = _now()
        return any(each.limiter.admits(traffic_class, now_s) for pool in self.roster.usable(now_s) for each in pool)

    def grant(self, key: str, traffic_class: Class, waited_s: float, passed_s: float) -> "Lease | None":
        """A place for a shopper, None to wait for one. They have `waited_s`, and for `passed_s` of it there have been
        places that were nobody's."""
        now_s = _now()
        for rank, replicas in enumerate(self.roster.usable(now_s)):
            first = home(key, replicas)
            if first is None:
                continue
            choices = order(key, replicas) if passed_s >= self.rules.home_s else [first]
            for replica in choices:
                if slot := replica.limiter.acquire(traffic_class, now_s):
                    replica.counts.strayed += replica is not first
                    replica.counts.spilled += rank > 0
                    return Lease(self, key, traffic_class, replica, slot)
            if waited_s + min(_wait_s(each, now_s) for each in replicas) < self.rules.spill_after_s:
                return None
        return None

    def another(self, key: str, traffic_class: Class, but: Collection[Replica]) -> tuple[Replica, Slot] | None:
        """A place at another replica, in the shopper's order; only one that is free now."""
        now_s = _now()
        for replicas in self.roster.usable(now_s):
            for replica in order(key, replicas):
                if replica not in but and (slot := replica.limiter.acquire(traffic_class, now_s)):
                    return replica, slot
        return None


class Lease:
    """A shopper's place: the right to one call at a time, until it is released. Releasing again is harmless."""

    def __init__(self, fleet: Fleet, key: str, traffic_class: Class, replica: Replica, slot: Slot) -> None:
        self._fleet, self._key, self._class = fleet, key, traffic_class
        self._replica, self._slot = replica, slot

    def release(self) -> None:
        """Give the place back."""
        self._slot.release()

    async def complete(self, call: Call) -> Completion:
        """Make the call; when its replica fails or refuses it, at another one that has a place now, within the budget
        for retries. Raises as the port says, what the last one raised."""
        self._fleet.retries.call(_now())
        tried = [self._replica]
        while True:
            try:
                return await self._attempt(call)
            except ModelUnavailable:
                if not self._move(tried):
                    raise

    def _move(self, tried: list[Replica]) -> bool:
        fleet = self._fleet
        if len(tried) >= fleet.rules.tries:
            return False
        found = fleet.another(self._key, self._class, tried)
        if found is None:
            return False
        if not fleet.retries.spend(_now()):
            found[1].release()
            return False
        self._slot.release()
        self._replica, self._slot = found
        self._replica.counts.retries += 1
        tried.append(self._replica)
        return True

    async def _attempt(self, call: Call) -> Completion:
        if not self._fleet.rules.hedging or self._class != "live":
            return await self._ask(self._replica, self._slot, call)
        self._fleet.hedges.call(_now())
        return await hedged(
            call, lambda each: self._ask(self._replica, self._slot, each), self._hedge, self._fleet.first_tokens
        )

    async def _ask(self, replica: Replica, slot: Slot, call: Call) -> Completion:
        try:
            return await replica.ask(slot, call)
        finally:
            self._fleet.roster.judge(replica, _now())

    async def _hedge(self, call: Call) -> Completion:
        """The same call at another replica; ModelUnavailable when there is no place or no budget."""
        found = self._fleet.another(self._key, self._class, [self._replica])
        if found is None:
            raise ModelUnavailable("no other replica has a place")
        replica, slot = found
        try:
            if not self._fleet.hedges.spend(_now()):
                raise ModelUnavailable("the budget for hedging is spent")
            replica.counts.hedges += 1
            return await self._ask(replica, slot, call)
        finally:
            slot.release()


def _wait_s(replica: Replica, now_s: float) -> float:
    """How long until a replica has its next place: about the time of a call, shared by those that run."""
    limit = replica.limiter.limit
    return max(limit.closed_until_s - now_s, (replica.condition.service_s or 0.0) / limit.calls)


def _now() -> float:
    return asyncio.get_running_loop().time()
