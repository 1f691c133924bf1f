"""Ingest share: divides the event loop's time when ingest and the calls both want all of it.

While calls are due ingest rests after each slice, so that it takes `share` of the time at the most. While ingest is
behind no call begins that would leave it less: a call costs as much as a hundred events, and is worth little to a
shopper of whom more is known already. It takes more then, unless an urgent call is due. Of calls only so many begin in
one turn of the loop: their intents are then written together.
"""

import asyncio
from collections.abc import Callable

SHARE, BEHIND_SHARE = 0.7, 0.9
"""Of the time, also while ingest is behind and nobody urgent waits."""

MOST_S = 0.05
"""What is kept of earlier times, so that nobody pays for long."""

LEAST_REST_S = 0.0005
"""Rests shorter than this are taken together: a timer takes a millisecond, and a call that is due would wait for it."""

LOOK_S, WAIT_S = 0.002, 0.05
"""How often a call that waits looks again, and how long it waits at the most: intents are late then, but they come."""

CALLS, TURN_S = 8, 0.002
"""How many calls may begin in a turn, and about how long it may take."""


class IngestCpuShare:
    """`cpu_s` is processor time that this thread has used, in seconds; with a clock that stands still nobody waits."""

    def __init__(
        self, cpu_s: Callable[[], float] = lambda: 0.0, share: float = SHARE, behind_share: float = BEHIND_SHARE
    ) -> None:
        self.cpu_s = cpu_s
        self._rest, self._rest_behind = 1 / share - 1, 1 / behind_share - 1
        self._unrested_s = 0.0
        self._debt_s = 0.0  # what the others have had too much
        self._seen_s = cpu_s()
        self._behind: Callable[[], bool] = lambda: False

    def listen(self, behind: Callable[[], bool]) -> None:
        """`behind` says whether ingest is behind."""
        self._behind = behind

    @property
    def behind(self) -> bool:
        """Whether ingest is behind."""
        return self._behind()

    def worked(self, slice_s: float, *, urgent: bool = False) -> float:
        """Ingest has just worked so long; returns how long it rests while calls are due, an urgent one or none."""
        others_s = self._since() - slice_s
        rest_s = slice_s * (self._rest_behind if self.behind and not urgent else self._rest)
        self._seen_s = self.cpu_s()
        self._debt_s = min(max(self._debt_s + others_s - rest_s, -MOST_S), MOST_S)
        rest_s += self._unrested_s
        self._unrested_s = rest_s if rest_s < LEAST_REST_S else 0.0
        return rest_s - self._unrested_s

    async def yield_to_ingest(self) -> None:
        """Return when a call may begin."""
        if not self.behind:
            return
        loop = asyncio.get_running_loop()
        until_s = loop.time() + WAIT_S
        while self._owing() and loop.time() < until_s:  # noqa: ASYNC110 (a debt tells nobody when it is paid)
            await asyncio.sleep(LOOK_S)

    def _owing(self) -> bool:
        return self.behind and self._debt_s + self._since() > 0

    def _since(self) -> float:
        return self.cpu_s() - self._seen_s


def calls_a_turn(begun: int, took_s: float) -> int:
    """How many calls to begin in the next turn, when a turn in which so many began took so long."""
    if took_s * CALLS <= TURN_S * begun:
        return CALLS
    return max(int(TURN_S * begun / took_s), 1)


class CallPacer:
    """Counts the calls that begin. While ingest is `behind` it is one a turn: a burst of calls would hold it up."""

    def __init__(self, behind: Callable[[], bool]) -> None:
        self._behind = behind
        self._begun, self._at_once = 0, 1

    async def began(self) -> None:
        """A call was begun; returns when the next one may be."""
        self._begun += 1
        if self._begun < self._at_once and not self._behind():
            return
        loop = asyncio.get_running_loop()
        turn_s, begun, self._begun = loop.time(), self._begun, 0
        await asyncio.sleep(0)
        self._at_once = calls_a_turn(begun, loop.time() - turn_s)
