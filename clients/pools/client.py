"""Pools: many replicas behind the port of one model. Which shopper goes where is the fleet's business."""

import asyncio
from collections.abc import Callable, Sequence

from clients.calls import Call, Class, Completion
from clients.pools.ejection import Fault
from clients.pools.endpoints import Connect, Pool
from clients.pools.registry import Notify, Roster, RosterRules
from clients.pools.replicas import Replica
from clients.pools.router import Fleet, FleetRules, Lease
from clients.pools.routing import affinity
from clients.pools.wait_queue import Turns
from streams.errors import ContractMismatch, ModelUnavailable

PROBE_EVERY_S = 5.0
PROBE_WITHIN_S = 5.0


class PooledClient:
    """A ModelClient over replicas in ordered pools, each within its own adaptive limit.

    `run` beside it probes replicas and closes those that were taken out; `notify` is told who is ejected and why.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        connect: Connect,
        roster: RosterRules | None = None,
        fleet: FleetRules | None = None,
        notify: Notify | None = None,
    ) -> None:
        self._turns = Turns()
        self._roster = Roster(connect, roster or RosterRules(), self._turns, notify)
        self.fleet = Fleet(self._roster, fleet or FleetRules())
        self._turns.room = self.fleet.room
        self._roster.take_up(pools, float("-inf"))

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Those in the settings, with their limits, conditions and counts."""
        return tuple(self._roster)

    def slots(self, traffic_class: Class, prompt_version: str) -> "ClassSlots":
        """The places, as one class of calls sees them."""
        return ClassSlots(self.fleet, self._turns, traffic_class, prompt_version)

    async def complete(self, call: Call) -> Completion:
        """Wait for a place until the call's deadline, and make it. Raises as the port says."""
        now = asyncio.get_running_loop().time
        key, since_s = affinity(call.shopper, call.prompt_version), now()
        passed_since_s: float | None = None

        def attempt(passed_over: bool) -> Lease | None:  # noqa: FBT001 # as the line asks
            nonlocal passed_since_s
            if passed_over and passed_since_s is None:
                passed_since_s = now()
            passed_s = now() - passed_since_s if passed_over and passed_since_s is not None else 0.0
            return self.fleet.grant(key, call.traffic_class, now() - since_s, passed_s)

        lease = await self._turns.turn(call.traffic_class, attempt, call.deadline_s)
        try:
            return await lease.complete(call)
        finally:
            lease.release()

    async def probe(self) -> str:
        """One line on what was found. ContractMismatch when any replica is not what the settings say, ModelUnavailable
        when none answers."""
        found = await self._probe_all(self.replicas)
        faults = [each for each in found if isinstance(each, Exception)]
        if mismatch := next((each for each in faults if isinstance(each, ContractMismatch)), None):
            raise mismatch
        if len(faults) == len(found):
            raise faults[0]
        lines = [each for each in found if isinstance(each, str)]
        return lines[0] if len(found) == 1 else f"{len(lines)} of {len(found)} replicas answer: {'; '.join(lines)}"

    async def run(self) -> None:
        """Probe replicas until cancelled, and close the clients of those that were taken out and have ended."""
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            await self._probe_all(self.replicas)
            self._turns.advance()
            await self._close([each for each in self._roster.gone if not each.running])

    async def reconfigure(self, pools: Sequence[Pool]) -> None:
        """Take up other pools while running. Only shoppers whose replica went, or for whom a new one is before it,
        move. Calls under way end where they are. A new replica that does not answer joins when it does."""
        added = self._roster.take_up(pools, _now())
        for replica, found in zip(added, await self._probe_all(added), strict=True):
            if isinstance(found, Exception) and any(each.usable for each in self.replicas if each is not replica):
                self._roster.eject(replica, Fault("probes", str(found)), _now())
        self._turns.advance()

    async def close(self) -> None:
        """Close all clients, whatever runs. Again is harmless."""
        await self._close([*self.replicas, *self._roster.gone])

    async def _probe_all(self, replicas: Sequence[Replica]) -> list[str | Exception]:
        async with asyncio.TaskGroup() as tasks:
            probes = [tasks.create_task(self._probe(replica)) for replica in replicas]
        return [probe.result() for probe in probes]

    async def _probe(self, replica: Replica) -> str | Exception:
        try:
            async with asyncio.timeout(PROBE_WITHIN_S):
                found = await replica.client.probe()
        except (ModelUnavailable, ContractMismatch) as error:
            fault: Exception = error
        except TimeoutError:
            fault = ModelUnavailable(f"{replica.name} does not answer a probe within {PROBE_WITHIN_S:.0f} s")
        else:
            replica.condition.probed(None)
            return found
        replica.condition.probed(str(fault))
        self._roster.judge(replica, _now())
        return fault

    async def _close(self, replicas: Sequence[Replica]) -> None:
        for replica in replicas:
            if replica in self._roster.gone:
                self._roster.gone.remove(replica)
            await replica.client.close()


class ClassSlots:
    """What a dispatcher of one class needs: whether there is room, and a place for a shopper."""

    def __init__(self, fleet: Fleet, turns: Turns, traffic_class: Class, prompt_version: str) -> None:
        self._fleet, self._turns, self._class, self._version = fleet, turns, traffic_class, prompt_version

    def listen(self, changed: Callable[[], None]) -> None:
        """Call this whenever a place may have come free."""
        self._turns.listen(changed)

    def room(self) -> bool:
        """Whether anybody can get a place now. Asked when somebody is due."""
        return self._fleet.room(self._class)

    def grant(self, shopper: str, waited_s: float, passed_s: float) -> Lease | None:
        """A place for this shopper, if there is one that is right for them; see Fleet.grant."""
        return self._fleet.grant(affinity(shopper, self._version), self._class, waited_s, passed_s)


def _now() -> float:
    return asyncio.get_running_loop().time()
