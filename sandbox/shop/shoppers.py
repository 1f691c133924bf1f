"""Shoppers: simulated people who come, look, think, order or leave, and come back. Pure and seeded."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from random import Random

from sandbox.shop.catalogue import Catalogue
from sandbox.shop.visits import Step, visit
from streams.events.event import Item, ShopperEvent

PACE_S = 10.0
"""Seconds between the events of a shopper who does not hurry, on average."""


class Shopper:
    """Somebody with a name, and perhaps a visit under way."""

    __slots__ = ("bought", "id", "steps", "visits")

    def __init__(self, number: int) -> None:
        self.id = f"shopper-{number:05d}"
        self.visits = 0
        self.bought: Sequence[Item] = ()
        self.steps: Iterator[Step] = iter(())


class ShopperTraffic:
    """What a number of shoppers do, at `rate` events per second; without a rate, at their own pace.

    The rate decides how many are there at a time. When all are and the rate asks for more, they hurry.
    The same seed makes the same events.
    """

    def __init__(self, seed: int, shoppers: int, rate: float | None = None, catalogue: Catalogue | None = None) -> None:
        self._seed = seed
        self._shoppers = shoppers
        self._rate = rate or shoppers / PACE_S
        self._catalogue = catalogue or Catalogue()

    def events(self) -> Generator[tuple[float, ShopperEvent]]:
        """Events without end in the order of time: seconds from the start, and the event, whose `time_ms` counts
        from the start too."""
        random = Random(self._seed)
        new = map(Shopper, range(self._shoppers))
        gone: deque[Shopper] = deque()
        there: list[tuple[float, int, Shopper, Step]] = []
        ahead_s = 0.0  # how far the shoppers' own time has run ahead of ours because they hurried
        for number in count():
            at_s = number / self._rate
            now_s = at_s + ahead_s
            idle = not there or there[0][0] > now_s
            if idle and (shopper := next(new, None) or (gone.popleft() if gone else None)):
                shopper.visits += 1
                shopper.steps = visit(random, self._catalogue, shopper.bought)
                step = next(shopper.steps)
            else:
                due_s, _, shopper, step = heappop(there)
                ahead_s += max(0.0, due_s - now_s)
            yield at_s, self._event(number, at_s, shopper, step)
            if following := next(shopper.steps, None):
                heappush(there, (at_s + ahead_s + following.think_s, number, shopper, following))
            else:
                gone.append(shopper)

    def _event(self, number: int, at_s: float, shopper: Shopper, step: Step) -> ShopperEvent:
        if step.action == "purchase":
            shopper.bought = step.items
        return ShopperEvent(
            event_id=f"{self._seed:x}-{number:x}",
            shopper_id=shopper.id,
            action=step.action,
            time_ms=int(at_s * 1_000),
            items=tuple(step.items),
            query=step.query,
            session_id=f"{shopper.id}-{shopper.visits}",
            order_id=f"order-{number:x}" if step.action == "purchase" else None,
        )
