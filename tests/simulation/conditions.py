"""Conditions: what a run has beside its faults, for as long as it lasts."""

import random
from dataclasses import dataclass, replace

from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from tests.simulation.traffic import Append

LINEAGES = [0, 0, 3]

ODD = "odd"
"""What the id of an event begins with that our code fails at."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The `lineage` that is read, the `nodes` of the store, and whether some dead letters are never taken. `batches`:
    records hold several events of their shopper; `odd`: our own code fails at some events; `earlier`: shoppers have
    sessions of the lineage before."""

    lineage: int = 0
    nodes: int = 1
    unsendable: bool = False
    batches: bool = False
    odd: bool = False
    earlier: bool = False


def conditions(chance: random.Random, *, flushed: bool) -> Conditions:
    """Most runs have one or two of these. What a store has lost nobody can tell from what it never had."""
    lineage = chance.choice(LINEAGES)
    return Conditions(
        lineage,
        chance.choice([1, 1, 3]),
        unsendable=chance.random() < 0.3,
        batches=chance.random() < 0.3,
        earlier=lineage > 0 and not flushed and chance.random() < 0.7,
        odd=chance.random() < 0.2,
    )


def with_odd(appends: list[Append], chance: random.Random) -> list[Append]:
    """The same, but that one event in thirty is one that our code fails at."""
    return [_odd(append) if append.events and chance.random() < 0.03 else append for append in appends]


def _odd(append: Append) -> Append:
    event = replace(append.events[0], event_id=f"{ODD}-{append.events[0].event_id}")
    return replace(append, value=encode(event), events=(event,))


def batched(appends: list[Append], chance: random.Random) -> list[Append]:
    """The same, but that one record in six holds one to three events more: new ones, or its own once again."""
    return [_batched(append, chance) if append.events and chance.random() < 0.16 else append for append in appends]


def _batched(append: Append, chance: random.Random) -> Append:
    (first,) = append.events
    more = [_another(first, number) if chance.random() < 0.8 else first for number in range(chance.randint(1, 3))]
    events = (first, *more)
    return replace(append, value=b"[" + b",".join(map(encode, events)) + b"]", events=events)


def _another(event: ShopperEvent, number: int) -> ShopperEvent:
    return replace(event, event_id=f"{event.event_id}-{number}", time_ms=event.time_ms + 10 * number)
