"""Timeline: events and when to play them. Pure.

Event times are mapped onto the playing clock: the first event happens when playing begins, and the time between two
events is divided by the speed. So the gaps that close sessions shrink with the speed, but no event lies in the future,
and intents, which expire by event time, live as long as they would.
"""

from collections.abc import Generator, Iterable
from dataclasses import replace

from streams.events.event import ShopperEvent
from streams.events.formats.rows import BadRow

Timed = tuple[float, ShopperEvent | BadRow]
"""Seconds from the beginning, and what to send then; an event's `time_ms` counts from the beginning too."""

CENTURY_MS = 3_155_760_000_000
"""A wrong time in a file may be thousands of years ahead, and at a low speed more than an event may say."""


def timed(events: Iterable[ShopperEvent | BadRow], speed: float = 1.0, *, keep_times: bool = False) -> Generator[Timed]:
    """Put recorded events on the playing clock; `keep_times` leaves the times in the events as they were recorded.

    Bad rows go with the event before them. An event that lies before the first is played at once.
    """
    first_ms: int | None = None
    at_s = 0.0
    for event in events:
        if isinstance(event, BadRow):
            yield at_s, event
            continue
        if first_ms is None:
            first_ms = event.time_ms
        at_s = max(0.0, (event.time_ms - first_ms) / 1_000 / speed)
        yield at_s, event if keep_times else replace(event, time_ms=min(int(at_s * 1_000), CENTURY_MS))
