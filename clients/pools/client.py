"""Pools: many replicas behind the port of one model. The router chooses the replica of each shopper.

They alone know whether the model is away: by calls that fail, through their circuit breaker, and by probes, since a
worker without calls would never hear that its model has come back.
"""

import asyncio
import random
from collections.abc import Callable, Sequence

import structlog

from clients.calls import Call, Class, Completion
from clients.limits.circuit_breaker import CircuitBreaker
from clients.pools.ejection import Fault
from clients.pools.endpoints import Connect, Pool
from clients.pools.probes import PROBE_EVERY_S, Prober, SharedFindings
from clients.pools.registry import Notify, RegistryRules, ReplicaRegistry
from clients.pools.replicas import Replica
from clients.pools.router import PoolRouter, RoutedSlot, RoutingRules
from clients.pools.routing import affinity
from clients.pools.wait_queue import WaitQueue
from streams.errors import ContractMismatch, ModelUnavailable

PROBE_LATER_S = 1.0
"""Up to so much later than they could be, by chance, replicas are probed: the workers of a fleet take turns."""

CALLS_FAIL = "calls fail"

log = structlog.get_logger()


class PooledClient:
    """A ModelClient over replicas in ordered pools, each within its own adaptive limit.

    `run` beside it probes replicas and closes those that were taken out; `notify` is told who is ejected and why;
    `chance` says how much later than due a probe is made; `findings` are where the workers of a fleet share what probes
    found; `epoch_s` is what the loop's clock lacks to the time that they share. `circuit_breaker` is for whoever makes
    the model's calls; `found` is one line on the model, None until it has answered a look.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        connect: Connect,
        registry: RegistryRules | None = None,
        router: RoutingRules | None = None,
        notify: Notify | None = None,
        chance: random.Random | None = None,
        findings: SharedFindings | None = None,
        epoch_s: float = 0.0,
    ) -> None:
        self._chance = chance or random.Random()
        self._wait_queue = WaitQueue()
        self._registry = ReplicaRegistry(connect, registry or RegistryRules(), self._wait_queue, notify)
        self._prober = Prober(lambda replica: self._registry.judge(replica, _now()), findings)
        self.router = PoolRouter(self._registry, router or RoutingRules(), epoch_s)
        self._wait_queue.room = self.router.room
        self._registry.take_up(pools, float("-inf"))
        self.circuit_breaker = CircuitBreaker()
        self.found: str | None = None
        self._looks, self._failures, self._why = False, 0, "it has not been asked yet"

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Those in the settings, with their limits, conditions and counts."""
        return tuple(self._registry)

    def slots(self, traffic_class: Class, prompt_version: str) -> "ClassSlotSupplier":
        """The slots, as one class of calls sees them."""
        return ClassSlotSupplier(self.router, self._wait_queue, traffic_class, prompt_version)

    async def complete(self, call: Call) -> Completion:
        """Wait for a slot until the call's deadline, and make it. Raises as the port says."""
        key = affinity(call.shopper, call.prompt_version)

        def attempt(waited_s: float, passed_s: float) -> RoutedSlot | None:
            return self.router.grant(key, call.traffic_class, waited_s, passed_s)

        slot = await self._wait_queue.acquire(call.traffic_class, attempt, call.deadline_s)
        try:
            return await slot.complete(call)
        finally:
            slot.release()

    @property
    def away(self) -> str | None:
        """Why the model counts as away, None when it does not."""
        return self._why if self.circuit_breaker.away or self.found is None else None

    async def begin(self) -> None:
        """Look once whether the model is there; from then on `run` looks too. A model that is away stops nothing, for
        the rules stand in; ContractMismatch is raised."""
        self._looks = True
        if not await self._look():
            self.circuit_breaker.trip(_now())
            log.warning("model.away", error=self._why, then="rules intents stand in until it is there")

    async def probe(self) -> str:
        """One line on what was found. ContractMismatch when any replica is not what the settings say, ModelUnavailable
        when none answers."""
        found = await self._prober.probe(self.replicas)
        faults = [each for each in found if isinstance(each, Exception)]
        if mismatch := next((each for each in faults if isinstance(each, ContractMismatch)), None):
            raise mismatch
        if len(faults) == len(found):
            raise faults[0]
        lines = [each for each in found if isinstance(each, str)]
        return lines[0] if len(found) == 1 else f"{len(lines)} of {len(found)} replicas answer: {'; '.join(lines)}"

    async def run(self) -> None:
        """Probe replicas until cancelled, and close the clients of those that were taken out and have ended.

        A model that is away is asked whether it is back, unless calls do so already. ContractMismatch is raised by its
        first answer ever. Later it is an outage: whoever deploys the wrong model must not stop all workers, which can
        go on without one.
        """
        while True:
            await asyncio.sleep(PROBE_EVERY_S + self._chance.uniform(0.0, PROBE_LATER_S))
            silent_since_s = _now() - PROBE_EVERY_S
            await self._prober.probe([each for each in self.replicas if each.answered_s < silent_since_s])
            self._wait_queue.advance()
            await self._close([each for each in self._registry.gone if not each.running])
            if self._looks:
                await self._look_again()

    async def reconfigure(self, pools: Sequence[Pool]) -> None:
        """Take up other pools while running. Only shoppers whose replica went, or for whom a new one is before it,
        move. Calls under way end where they are. A new replica that does not answer joins when it does."""
        added = self._registry.take_up(pools, _now())
        self.router.active.keep([pool.name for pool in pools])
        for replica, found in zip(added, await self._prober.probe(added), strict=True):
            if isinstance(found, Exception) and any(each.usable for each in self.replicas if each is not replica):
                self._registry.eject(replica, Fault("probes", str(found)), _now())
        self._wait_queue.advance()

    async def close(self) -> None:
        """Close all clients, whatever runs. Again is harmless."""
        await self._close([*self.replicas, *self._registry.gone])

    async def _look_again(self) -> None:
        breaker = self.circuit_breaker
        failures, self._failures = self._failures, breaker.failures
        if self.away is None:
            self._why = CALLS_FAIL
        elif (self.found is None or failures == breaker.failures) and await self._look() and breaker.succeeded():
            log.info("model.back", then="the intents that rules stood in for are made anew")

    async def _look(self) -> bool:
        """Whether the model is there, by a probe."""
        try:
            self.found, self._why = await self.probe(), CALLS_FAIL
        except ModelUnavailable as error:
            self._why = str(error)
        except ContractMismatch as error:
            if self.found is None:
                raise
            self._why = str(error)
        else:
            return True
        return False

    async def _close(self, replicas: Sequence[Replica]) -> None:
        for replica in replicas:
            if replica in self._registry.gone:
                self._registry.gone.remove(replica)
            await replica.client.close()


class ClassSlotSupplier:
    """What a dispatcher of one class needs: whether there is room, and a slot for a shopper."""

    def __init__(self, router: PoolRouter, wait_queue: WaitQueue, traffic_class: Class, prompt_version: str) -> None:
        self._router, self._wait_queue, self._class, self._version = router, wait_queue, traffic_class, prompt_version

    def listen(self, changed: Callable[[], None]) -> None:
        """Call this whenever a slot may have come free."""
        self._wait_queue.listen(changed)

    def room(self) -> bool:
        """Whether anybody can get a slot now. Asked when somebody is due."""
        return self._router.room(self._class)

    def grant(self, shopper: str, waited_s: float, passed_s: float, *, urgent: bool = False) -> RoutedSlot | None:
        """A slot for this shopper, if there is one that is right for them; see PoolRouter.grant."""
        return self._router.grant(affinity(shopper, self._version), self._class, waited_s, passed_s, urgent=urgent)


def _now() -> float:
    return asyncio.get_running_loop().time()
