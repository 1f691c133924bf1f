"""Followed: one shopper of the play, whose events are shown as they come in."""

from collections import OrderedDict, deque
from collections.abc import Collection
from dataclasses import dataclass, field

from streams.events.event import ShopperEvent

ROWS = 7
"""Events of a shopper that are kept to be shown."""

MOST = 1_000
"""Shoppers among whom one is chosen: those who did something last."""

QUIET_S = 8.0
"""Somebody who has done nothing for so long has left, and another is followed."""


@dataclass(slots=True)
class Seen:
    """What one shopper did: the latest events, how many, and when the last one was sent, on the loop's clock."""

    rows: deque[ShopperEvent] = field(default_factory=lambda: deque(maxlen=ROWS))
    count: int = 0
    last_s: float = 0.0


class Followed:
    """Takes note of what is sent, and chooses whom to follow: the busiest of those who have an intent."""

    def __init__(self) -> None:
        self.shopper: str | None = None
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    @property
    def seen(self) -> Seen:
        """Of the shopper who is followed; nothing while there is none."""
        return self._seen.get(self.shopper or "", Seen())

    def note(self, event: ShopperEvent, now_s: float) -> None:
        """The event was sent."""
        seen = self._seen.setdefault(event.shopper_id, Seen())
        seen.rows.append(event)
        seen.count, seen.last_s = seen.count + 1, now_s
        self._seen.move_to_end(event.shopper_id)
        if len(self._seen) > MOST:
            self._seen.popitem(last=False)

    def choose(self, intended: Collection[str], now_s: float) -> None:
        """Go on with whom we follow while something comes; else take the busiest of `intended`, who have an intent."""
        if self.shopper in self._seen and now_s - self.seen.last_s < QUIET_S:
            return
        there = [shopper for shopper in intended if shopper in self._seen]
        self.shopper = max(there, key=lambda shopper: self._seen[shopper].count, default=self.shopper)
