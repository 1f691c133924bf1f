"""Probes: whether replicas are there, beside the calls. All workers of a fleet together ask each one at most once in
five seconds: who takes the turn tells the others what it found.
"""

import asyncio
from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import Protocol

import msgspec

from clients.pools.replicas import Probed, Replica
from streams.errors import ContractMismatch, ModelUnavailable, StoreCorrupt, StoreUnavailable

PROBE_EVERY_S = 5.0
"""A replica is probed no more often, whoever asks, and not while it answers calls."""
PROBE_WITHIN_S = 5.0

HEARD_WITHIN_S = 6.0
"""How long a worker that begins waits for what another is finding out; then it asks for itself."""
LISTEN_EVERY_S = 0.5


class Finding(msgspec.Struct, frozen=True):
    """What a probe found: a line on the model, or why it is away or not what the settings say. `number` tells it from
    the one before."""

    number: str
    there: str = ""
    away: str = ""
    mismatch: str = ""


class SharedFindings(Protocol):
    """Where the workers of a fleet tell each other what they found. Both methods raise StoreUnavailable, and
    StoreCorrupt."""

    async def take(self, names: Sequence[str], for_s: float) -> Sequence[tuple[bool, bytes | None]]:
        """Take the turn, for so long, at each replica where nobody has it; says whether it is ours now, and what was
        found last, where that is known."""

    async def tell(self, name: str, finding: bytes) -> None: ...


class Prober:
    """Asks replicas whether they are there; `judge` hears of each fault. Without `shared` a worker asks for itself, and
    so it does while the others cannot be reached."""

    def __init__(self, judge: Callable[[Replica], None], shared: SharedFindings | None) -> None:
        self._judge, self._shared = judge, shared

    async def probe(self, replicas: Sequence[Replica]) -> list[str | Exception]:
        """What each says of itself, or its fault; of the last probe, when that was just now."""
        due = [each for each in replicas if each.probed is None or _now() >= each.probed.at_s + PROBE_EVERY_S]
        await self._ask(await self._turns(due))
        ends_s = _now() + HEARD_WITHIN_S
        while unknown := [each for each in due if each.probed is None]:  # somebody is asking them just now
            await asyncio.sleep(LISTEN_EVERY_S)
            await self._ask(await self._turns(unknown) if _now() < ends_s else unknown)
        return [each.probed.found for each in replicas if each.probed is not None]

    async def _turns(self, due: Sequence[Replica]) -> Sequence[Replica]:
        """Those to ask now; of the others what was found is taken over."""
        if self._shared is None or not due:
            return due
        try:
            turns = await self._shared.take([name_of(each) for each in due], PROBE_EVERY_S)
        except (StoreUnavailable, StoreCorrupt):
            return due
        for replica, (ours, finding) in zip(due, turns, strict=True):
            if not ours and finding is not None:
                self._hear(replica, finding)
        return [replica for replica, (ours, _) in zip(due, turns, strict=True) if ours]

    def _hear(self, replica: Replica, told: bytes) -> None:
        try:
            finding = msgspec.json.decode(told, type=Finding)
        except msgspec.MsgspecError:
            return  # of another version
        if replica.probed is None or replica.probed.number != finding.number:
            self._take_over(replica, finding)

    async def _ask(self, replicas: Sequence[Replica]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for replica in replicas:
                tasks.create_task(self._find_out(replica))

    async def _find_out(self, replica: Replica) -> None:
        finding = await _found(replica)
        self._take_over(replica, finding)
        if self._shared is None:
            return
        try:
            await self._shared.tell(name_of(replica), msgspec.json.encode(finding))
        except (StoreUnavailable, StoreCorrupt):
            return  # the others will ask for themselves

    def _take_over(self, replica: Replica, finding: Finding) -> None:
        fault = finding.away or finding.mismatch
        kind = ContractMismatch if finding.mismatch else ModelUnavailable
        replica.probed = Probed(_now(), kind(fault) if fault else finding.there, finding.number)
        replica.outlier_detector.probed(fault or None)
        if fault:
            self._judge(replica)


def name_of(replica: Replica) -> str:
    """What the workers of a fleet call it: two models at one address are two."""
    return f"{replica.endpoint.address} {replica.endpoint.name or ''}"


async def _found(replica: Replica) -> Finding:
    number = token_hex(8)
    try:
        async with asyncio.timeout(PROBE_WITHIN_S):
            return Finding(number, there=await replica.client.probe())
    except ContractMismatch as error:
        return Finding(number, mismatch=str(error))
    except ModelUnavailable as error:
        return Finding(number, away=str(error) or "it is away")
    except TimeoutError:
        return Finding(number, away=f"{replica.name} does not answer a probe within {PROBE_WITHIN_S:.0f} s")
    except Exception as error:  # noqa: BLE001 # whatever breaks in a probe says that this one server is not well
        return Finding(number, away=f"{replica.name}: a probe failed: {type(error).__name__}: {error}")


def _now() -> float:
    return asyncio.get_running_loop().time()
