"""Traffic: the same shoppers' events for every system, at a rate. Pure and seeded."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from penchant.offline.whatif.arrivals import EPOCH_MS, Arrival
from sandbox.shop.shoppers import ShopperTraffic

SHOPPERS_PER_RATE = 20
"""Shoppers for each event a second: three times as many as are there at once, so that nobody hurries."""

BEFORE_S = 120.0
"""Events of so long before are known at the beginning: visits are then in all their stages."""


class Arrivals(ABC):
    """What arrives in order from time zero on, and what came before."""

    @cached_property
    def before(self) -> list[Arrival]:
        """What is known already at the beginning; at times below zero."""
        return [each for each in self._all if each.at_s < 0]

    @cached_property
    def arrivals(self) -> list[Arrival]:
        """What arrives, in order."""
        return [each for each in self._all if each.at_s >= 0]

    @cached_property
    def _all(self) -> list[Arrival]:
        return list(self._made())

    @abstractmethod
    def _made(self) -> Iterator[Arrival]:
        """All of it, in order."""


@dataclass(frozen=True)
class Traffic(Arrivals):
    """What happens at `rate` events a second for `seconds`, and what came in the `before_s` seconds before."""

    rate: float
    seconds: float
    seed: int = 1
    before_s: float = BEFORE_S

    def _made(self) -> Iterator[Arrival]:
        shoppers = max(int(self.rate * SHOPPERS_PER_RATE), 10)
        events = ShopperTraffic(self.seed, shoppers, self.rate).events()
        timed = takewhile(lambda each: each[0] < self.before_s + self.seconds, events)
        for offset, (at_s, event) in enumerate(timed):
            then_s = at_s - self.before_s
            yield Arrival(then_s, offset, replace(event, time_ms=EPOCH_MS + int(then_s * 1e3)))
