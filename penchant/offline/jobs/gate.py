"""Gate: what every call of a job passes: its share of the fleet, its use case, and the end of its run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clients.calls import Call, Completion
from clients.pools.use_cases import UseCaseClient
from penchant.offline.eval.calling import complete
from penchant.offline.jobs.job_counts import JobCounts
from streams.errors import JobHeld, Refuse, Retry

WITHIN_S = 600.0
"""How long a try may take, waiting for a slot included: answers of others may be long, and live calls go first."""


class Gate:
    """Lets calls through while less than `most` are in flight, which may change at any time, and none once held."""

    def __init__(self, client: UseCaseClient, tally: JobCounts) -> None:
        self._client, self.tally = client, tally
        self.in_flight = 0
        self._most = 0
        self._held: str | None = None
        self._changed = asyncio.Condition()

    async def allow(self, most: int) -> None:
        """So many at once, from now on; those in flight end."""
        async with self._changed:
            self._most = most
            self._changed.notify_all()

    async def hold(self, why: str) -> None:
        """No call begins any more: JobHeld is raised in its place."""
        async with self._changed:
            self._held = why
            self._changed.notify_all()

    async def ask(self, call: Call) -> Completion:
        """The answer, tried and counted. Raises JobHeld, Refuse, ModelUnavailable, DeadlinePassed."""
        now = asyncio.get_running_loop().time
        async with self._passing():
            await self._client.budgeted()
            began_s = now()
            try:
                done = await complete(self._client, call, WITHIN_S)
            except (Refuse, Retry):
                self.tally.called(None, now() - began_s)
                raise
            self.tally.called(done, now() - began_s)
            return done

    @asynccontextmanager
    async def _passing(self) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: self._held is not None or self.in_flight < self._most)
            if self._held is not None:
                raise JobHeld(self._held)
            self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            async with self._changed:
                self._changed.notify()
