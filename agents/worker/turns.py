"""Turns: how many calls begin in one turn of the event loop. Their intents are then written together."""

import asyncio
from collections.abc import Callable

MOST, TURN_S = 8, 0.002
"""How many calls may begin in a turn, and about how long it may take."""


def calls_a_turn(begun: int, took_s: float) -> int:
    """How many calls to begin in the next turn, when a turn in which so many began took so long."""
    if took_s * MOST <= TURN_S * begun:
        return MOST
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
