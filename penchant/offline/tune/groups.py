"""Groups: the shoppers of a recording in equal parts, for a search and for its judgement. Pure."""

import zlib
from dataclasses import replace

from penchant.offline.whatif.arrivals import Recording

SEARCHED, HELD_OUT = 4, 4
"""Groups that settings are chosen on, and others that the choice is judged on."""


def groups(recording: Recording, seed: int) -> list[Recording]:
    """Of each shopper all events are in one group; which one follows from the seed."""
    parts = SEARCHED + HELD_OUT
    events: list[list[int]] = [[] for _ in range(parts)]
    for place, arrival in enumerate(recording.arrivals):
        events[zlib.crc32(f"{seed} {arrival.shopper}".encode()) % parts].append(place)
    return [
        replace(recording, arrivals=[recording.arrivals[place] for place in places], each=recording.each * parts)
        for places in events
    ]
