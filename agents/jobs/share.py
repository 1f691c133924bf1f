"""Share: how many calls jobs may have in flight beside live traffic, by its load now and its forecast. Pure."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from agents.fleet.forecast import Forecast
from storage.jobs import Job, Jobs

REMEMBERED = 10
"""Looks, one a second, whose mean is the level of live traffic."""

BEYOND_CHANCE = 3.0
"""Standard deviations of calls that arrive by chance: beyond them it is a flash sale, or a server that slows down."""

MOST_GROWTH = 4.0


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """All workers together: calls in flight, and shoppers that are owed one. `limit` is what the servers take at once:
    never the sum of the workers' limits, since each of them is one of the same servers."""

    in_flight: int = 0
    limit: int = 0
    waiting: int = 0


def growth(forecast: Forecast | None) -> float:
    """By how many times calls grow within a quarter of an hour; 1 where they fall, or where nothing is known."""
    if forecast is None or forecast.now <= 0:
        return 1.0
    return min(max(forecast.ahead / forecast.now, 1.0), MOST_GROWTH)


def room(load: LiveLoad, level: float, times: float, share: float) -> int:
    """Calls that jobs may have in flight: what live traffic at this level, grown by so many times, leaves of a share of
    the limit. 0 while shoppers wait for a slot, because all of it is theirs."""
    if load.waiting and load.in_flight >= load.limit:
        return 0
    return max(int(load.limit * share - level * times), 0)


def own_room(room: int, there: Jobs, job: Job, runner: str, shares: Mapping[str, float]) -> int:
    """What of the room the runner of a job has: runners share it evenly, and those of a team the team's share. One
    that has not said yet that it runs counts too."""
    running = {each.job for each in there.runners.values()} & there.jobs.keys()
    teams = [there.jobs[each].team for each in running]
    part = min(1 / len({*there.runners, runner}), shares.get(job.team, 1.0) / max(teams.count(job.team), 1))
    return int(room * part) or min(room, 1)


class LoadWatch:
    """The level of live traffic, by the last looks: their mean, since calls in flight swing by chance alone. What
    chance does not explain counts at once, and is the new level."""

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=REMEMBERED)

    def look(self, in_flight: int) -> float:
        """The level, after a look that saw so many calls in flight."""
        before = self.level
        if in_flight > before + BEYOND_CHANCE * sqrt(max(before, 1.0)):
            self._seen.clear()
        self._seen.append(in_flight)
        return self.level

    @property
    def level(self) -> float:
        """0 before the first look."""
        return sum(self._seen) / max(len(self._seen), 1)
