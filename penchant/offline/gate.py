"""Gate: what every call of a job passes: its share of the fleet, its use case, and the end of its run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from clients.calls import Call, Completion
from clients.pools.use_cases import UseCaseClient
from penchant.offline.eval.calling import complete
from penchant.offline.job_counts import JobCounts
from storage.instances import HELD_S
from streams.errors import CallFailed, CallSuspect, DeadlinePassed, JobHeld, ModelOverloaded, Refuse, Retry

WITHIN_S = 600.0
"""How long a try may take, waiting for a slot included: answers of others may be long, and live calls go first."""

PAUSES_S = (0.5, 2.0, 15.0)
"""Before a call is made once more at which servers failed that answer others; after the last it is given up."""

PROBES = 4
"""Tries of a small call, before servers are taken for away."""

MOST_BUSY = 5
"""Failures that count as one, where servers ask for less or answer too late: so they do to any call when live traffic
needs them."""

FREE = 1_000_000

END_S = HELD_S - 1.0
"""How long calls in flight may take to end when a job is held."""

PROBE = Call("job-probe", "Say yes.", 0.0, 4, traffic_class="batch")
"""A call that any server answers that answers at all."""


class Gate:
    """Lets calls through while less than `most` are in flight, which may change at any time, and none once it is
    `held`, which says why.

    After a failure, and in the run after an outage, it lets one through, and one more with each answer. So calls at
    which servers fail are seen one by one, and never take a replica for sick by failing together.
    """

    def __init__(
        self,
        client: UseCaseClient,
        tally: JobCounts,
        pauses_s: Sequence[float] = PAUSES_S,
        probes: int = PROBES,
        end_s: float = END_S,
    ) -> None:
        self._client, self.tally, self._end_s = client, tally, end_s
        self._pauses_s, self._probes = pauses_s, probes
        self.in_flight = 0
        self._most, self._pace = 0, 1 if tally.progress.outage else FREE
        self.held: JobHeld | None = None
        self._changed = asyncio.Condition()
        self._bounds: set[asyncio.Timeout] = set()
        self._after_outage, self._alone = tally.progress.outage, asyncio.Lock()

    async def allow(self, most: int) -> None:
        """So many at once, from now on; those in flight end."""
        async with self._changed:
            self._most = most
            self._changed.notify_all()

    async def hold(self, held: JobHeld) -> None:
        """No call begins any more, and none goes on for longer than `end_s`: `held` is raised in its place."""
        async with self._changed:
            if self.held is not None:
                return
            self.held = held
            self._changed.notify_all()
            for bound in self._bounds:
                bound.reschedule(asyncio.get_running_loop().time() + self._end_s)

    async def ask(self, call: Call) -> Completion:
        """The answer, tried and counted. Raises JobHeld, Refuse; CallFailed when servers fail at this call, however
        often it is made, and answer another; ModelUnavailable or DeadlinePassed when they answer nobody, CallSuspect
        when they did before this call, which was the only one."""
        async with self._alone:
            if self._after_outage:
                self._after_outage = False
                if (done := await self._first(call)) is not None:
                    return done
        return await self._insisted(call)

    async def _first(self, call: Call) -> Completion | None:
        """The first call after an outage: others wait for it, so that one that takes the servers down is known. None
        where servers failed at it alone."""
        await self._made(PROBE, self._probes)
        try:
            return await self._made(call, 1)
        except Retry as error:
            try:
                await self._made(PROBE, self._probes)
            except Retry as away:
                raise CallSuspect(str(away)) from error
        return None

    async def _insisted(self, call: Call) -> Completion:
        error: Retry | None = None
        for pause_s in (*self._pauses_s, None):
            for _ in range(MOST_BUSY):
                try:
                    return await self._made(call, 1)
                except Retry as failed:
                    error = failed
                await self._made(PROBE, self._probes)
                if not isinstance(error, ModelOverloaded | DeadlinePassed):
                    break
                await self._pause(max(self._pauses_s))
            if pause_s is not None:
                await self._pause(pause_s)
        tries = len(self._pauses_s) + 1
        raise CallFailed(f"the servers failed at it {tries} times, and answered others: {error}") from error

    async def _made(self, call: Call, tries: int) -> Completion:
        now: Callable[[], float] = asyncio.get_running_loop().time
        async with self._passing():
            await self._client.budgeted()
            began_s = now()
            try:
                done = await complete(self._client, call, WITHIN_S, tries)
            except (Refuse, Retry) as error:
                self.tally.called(None, now() - began_s)
                self._pace = 1 if isinstance(error, Retry) else self._pace
                raise
            self.tally.called(done, now() - began_s)
            self._pace = min(self._pace + 1, FREE)
            return done

    async def _pause(self, seconds: float) -> None:
        """So long, or until the gate is held."""
        with suppress(TimeoutError):
            async with self._changed, asyncio.timeout(seconds):
                await self._changed.wait_for(lambda: self.held is not None)

    @asynccontextmanager
    async def _passing(self) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: self.held is not None or self.in_flight < min(self._most, self._pace))
            if self.held is not None:
                raise self.held
            self.in_flight += 1
        bound = asyncio.timeout(None)
        try:
            async with bound:
                self._bounds.add(bound)
                try:
                    yield
                finally:
                    self._bounds.discard(bound)
        except TimeoutError:
            if self.held is None or not bound.expired():
                raise
            raise self.held from None
        finally:
            self.in_flight -= 1
            async with self._changed:
                self._changed.notify(2)  # an answer makes room for one more
