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
    sessions of the lineage before, and of some of these nothing can be read if they are `damaged`; `aborted`: some
    records belong to transactions that came to nothing; `miskeyed`: some have the key of another shopper;
    `tried`: an experiment has an arm of its own, and shoppers of whom nothing is said; `rekeyed`: events come through a
    rekey."""

    lineage: int = 0
    nodes: int = 1
    unsendable: bool = False
    batches: bool = False
    odd: bool = False
    earlier: bool = False
    damaged: bool = False
    aborted: bool = False
    miskeyed: bool = False
    tried: bool = False
    rekeyed: bool = False


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
        damaged=chance.random() < 0.5,
        aborted=chance.random() < 0.2,
        miskeyed=chance.random() < 0.2,
        tried=chance.random() < 0.25,
    )


def with_aborted(appends: list[Append], chance: random.Random) -> list[Append]:
    """The same, and after one event in twenty another one of that shopper, which never happened."""
    return [each for append in appends for each in (append, *_aborted(append, chance))]


def _aborted(append: Append, chance: random.Random) -> list[Append]:
    if not append.events or chance.random() >= 0.05:
        return []
    event = replace(append.events[0], event_id=f"aborted-{append.events[0].event_id}", action="purchase")
    return [replace(append, value=encode(event), events=(event,), hole=0, aborted=True)]


def with_other_keys(appends: list[Append], chance: random.Random, partitions: int) -> list[Append]:
    """The same, and after one event in thirty another one of that shopper, under somebody else's key."""
    return [each for append in appends for each in (append, *_miskeyed(append, chance, partitions))]


def _miskeyed(append: Append, chance: random.Random, partitions: int) -> list[Append]:
    if not append.events or chance.random() >= 0.03:
        return []
    event, key = replace(append.events[0], event_id=f"miskeyed-{append.events[0].event_id}"), b"somebody-else"
    return [Append(append.at_s, chance.randrange(partitions), key, encode(event))]


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
