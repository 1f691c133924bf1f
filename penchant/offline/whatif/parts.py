"""Parts: the shoppers of a day side by side, each part before its share of the GPUs, and what all came to. Pure."""

import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from agents.health.statistics import Meter
from penchant.offline.whatif.arrivals import Recording
from penchant.offline.whatif.day import Played

TOTALS = ("events", "calls", "calls_left_out", "left_out_checked", "left_out_wrong", "rules_intents", "call_failures",
          "in_flight", "input_tokens", "cached_tokens", "output_tokens")  # fmt: skip
"""What figures are made of, beside freshness and what was in time."""


def split(recording: Recording, parts: int, seed: int | None = None) -> list[Recording]:
    """Of each shopper all events are in one part; which one follows from the seed."""
    if parts == 1:
        return [recording]
    salt = "" if seed is None else f"{seed} "
    places: list[list[int]] = [[] for _ in range(parts)]
    for place, arrival in enumerate(recording.arrivals):
        places[zlib.crc32(f"{salt}{arrival.shopper}".encode()) // recording.each % parts].append(place)
    return [
        replace(recording, arrivals=[recording.arrivals[place] for place in each], each=recording.each * parts)
        for each in places
    ]


def merged(plays: Sequence[Played]) -> Played:
    """What all parts of a day came to: counts together, each GPU's share of time on average."""
    if len(plays) == 1:
        return plays[0]
    meter = Meter(freshness_ms=deque(), model_freshness_ms=deque())
    for played in plays:
        for name in TOTALS:
            setattr(meter, name, getattr(meter, name) + getattr(played.meter, name))
        meter.freshness_ms.extend(played.meter.freshness_ms)
        for name in ("followed", "by_any", "by_model", "by_left_out"):
            setattr(meter.in_time, name, getattr(meter.in_time, name) + getattr(played.meter.in_time, name))
    busy = [each.busy_share for each in plays if each.busy_share is not None]
    return Played(
        meter,
        max(each.seconds for each in plays),
        sum(each.left for each in plays),
        sum(busy) / len(busy) if len(busy) == len(plays) else None,
        plays[0].scale // len(plays),
        tuple(asked for each in plays for asked in each.asked),
    )
