"""Share: how many calls jobs may have in flight beside live traffic, by its load now and its forecast. Pure."""

from collections import deque
from dataclasses import dataclass

from agents.fleet.forecast import Forecast

REMEMBERED = 10
"""Looks whose highest load counts, one a second: room is given back slowly, and taken at once."""

MOST_GROWTH = 4.0


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """All workers together: calls in flight, and how many their limits allow at once; shoppers that are owed a call are
    work that comes next. Without workers the limit is 0."""

    in_flight: int = 0
    limit: int = 0
    waiting: int = 0


def growth(forecast: Forecast | None) -> float:
    """By how many times calls grow within a quarter of an hour; 1 where they fall, or where nothing is known."""
    if forecast is None or forecast.now <= 0:
        return 1.0
    return min(max(forecast.ahead / forecast.now, 1.0), MOST_GROWTH)


def room(load: LiveLoad, times: float, share: float) -> int:
    """Calls that jobs may have in flight: what live traffic, grown by so many times, leaves of a share of the limit. 0
    while shoppers wait for a slot, because all of it is theirs."""
    if load.waiting and load.in_flight >= load.limit:
        return 0
    return max(int(load.limit * share - load.in_flight * times), 0)


class RoomWatch:
    """The room by the last looks: the smallest of them, so that one quiet second gives nothing away."""

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=REMEMBERED)

    def look(self, now: int) -> int:
        """What may be in flight, after a look that found room for `now`."""
        self._seen.append(now)
        return min(self._seen)
