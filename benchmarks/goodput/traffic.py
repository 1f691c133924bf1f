"""Traffic: the same shoppers' events for every system, at a rate. Pure and seeded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from sandbox.shop.shoppers import ShopperTraffic
from streams.events.decoding import encode
from streams.events.event import MEANINGLESS, URGENT, ShopperEvent

EPOCH_MS = 1_767_225_600_000
"""When virtual time begins: the first of January 2026."""

SHOPPERS_PER_RATE = 20
"""Shoppers for each event a second: three times as many as are there at once, so that nobody hurries."""

BEFORE_S = 120.0
"""Events of so long before are known at the beginning: visits are then in all their stages."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that arrives at `at_s`, as the record at `offset`."""

    at_s: float
    offset: int
    event: ShopperEvent

    @property
    def shopper(self) -> str:
        """Whose it is."""
        return self.event.shopper_id

    @property
    def meaningful(self) -> bool:
        """Whether it asks for an intent."""
        return self.event.action not in MEANINGLESS

    @property
    def urgent(self) -> bool:
        """Whether a ranker wants one at once."""
        return self.event.action in URGENT


@dataclass(frozen=True)
class Traffic:
    """What happens at `rate` events a second for `seconds`, and what came in the `before_s` seconds before."""

    rate: float
    seconds: float
    seed: int = 1
    before_s: float = BEFORE_S

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

    def _made(self) -> Iterator[Arrival]:
        shoppers = max(int(self.rate * SHOPPERS_PER_RATE), 10)
        events = ShopperTraffic(self.seed, shoppers, self.rate).events()
        timed = takewhile(lambda each: each[0] < self.before_s + self.seconds, events)
        for offset, (at_s, event) in enumerate(timed):
            then_s = at_s - self.before_s
            yield Arrival(then_s, offset, replace(event, time_ms=EPOCH_MS + int(then_s * 1e3)))


@dataclass(frozen=True, slots=True)
class Record:
    """An arrival as Kafka hands it over."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @classmethod
    def of(cls, arrival: Arrival) -> "Record":
        """In the native dialect."""
        event = arrival.event
        return cls(arrival.offset, event.time_ms, event.shopper_id.encode(), encode(event))
