"""Traffic: what shoppers do, as it is appended to the log, with everything a producer gets wrong.

Events come late, out of order, from the future, twice under one id; some records are no events at all.
"""

import random
from dataclasses import dataclass, replace
from zlib import crc32

from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent

ACTIONS = ["view"] * 6 + ["click", "list_view", "list_view", "cart_view", "search", "cart_add", "purchase"]
BAD = [
    b"{",
    b"",
    None,
    b'{"event_id": "e"}',
    b"[1, 2]",
    b'{"event_id":"e","shopper_id":"x","action":"dance","time_ms":1}',
]

SECRET = Item("secret", title="Pregnancy test")
"""A product that nobody is to be judged by."""

EACH = 19
"""Of the logs that have secrets, one event in so many shows it; a purchase beside something else."""


@dataclass(frozen=True, slots=True)
class Append:
    """One append: a record, its events, and how many offsets are left out before it. A bad record has none; of one that
    is `aborted` they never happened."""

    at_s: float
    partition: int
    key: bytes | None
    value: bytes | None
    events: tuple[ShopperEvent, ...] = ()
    hole: int = 0
    aborted: bool = False


@dataclass(frozen=True, slots=True)
class TrafficShape:
    """Who shops, how much, for how long, and how far event time lags behind."""

    shoppers: int
    partitions: int
    events: int
    seconds: float
    lag_ms: int
    bad: float


def traffic_shape(chance: random.Random) -> TrafficShape:
    """A small crowd, in most cases; sometimes few shoppers with many events."""
    return TrafficShape(
        shoppers=chance.choice([3, 8, 15, 25]),
        partitions=chance.randint(2, 4),
        events=chance.randint(60, 220),
        seconds=chance.uniform(5.0, 12.0),
        lag_ms=chance.choice([0, 0, 0, 3_600_000]),
        bad=chance.choice([0.0, 0.0, 0.04]),
    )


def traffic(of: TrafficShape, chance: random.Random, epoch_ms: int) -> list[Append]:
    """The appends of a run, in order; `epoch_ms` is the wall clock at its beginning."""
    times = sorted(chance.random() ** chance.choice([1.0, 2.0]) * of.seconds for _ in range(of.events))
    past: list[ShopperEvent] = []
    appends = []
    for number, at_s in enumerate(times):
        hole = chance.randint(1, 5) if chance.random() < 0.05 else 0
        if chance.random() < of.bad:
            appends.append(Append(at_s, chance.randrange(of.partitions), b"x", chance.choice(BAD), (), hole))
            continue
        event = chance.choice(past[-20:]) if past and chance.random() < 0.06 else None
        if event is None:
            event = _event(of, chance, number, epoch_ms + round(at_s * 1e3) - of.lag_ms)
            past.append(event)
        key = event.shopper_id.encode()
        appends.append(Append(at_s, crc32(key) % of.partitions, key, encode(event), (event,), hole))
    return appends


def burst(of: TrafficShape, chance: random.Random, at_s: float) -> list[Append]:
    """A bad deployment of a producer: nothing but refuse for a moment."""
    partition = chance.randrange(of.partitions)
    return [Append(at_s + 0.002 * number, partition, b"x", b"{") for number in range(40)]


def with_secrets(appends: list[Append]) -> list[Append]:
    """The same with the secret in one event in EACH."""
    return [_secret(append, *append.events) if append.events else append for append in appends]


def _secret(append: Append, event: ShopperEvent) -> Append:
    if int(event.event_id[1:]) % EACH:
        return append
    items = (event.items[0], SECRET) if event.action == "purchase" else (SECRET,)
    event = replace(event, items=items, query=None)
    return replace(append, events=(event,), value=encode(event))


def discreet(event: ShopperEvent) -> ShopperEvent | None:
    """The event without the secret, if anything is left of it."""
    items = tuple(item for item in event.items if item is not SECRET)
    if len(items) == len(event.items):
        return event
    return replace(event, items=items) if items else None


def _event(of: TrafficShape, chance: random.Random, number: int, time_ms: int) -> ShopperEvent:
    shopper = min(int(chance.expovariate(3.0 / of.shoppers)), of.shoppers - 1)
    action = chance.choice(ACTIONS)
    items: tuple[Item, ...] = ()
    query = None
    if action == "search":
        query = f"query {number % 7}"
    else:
        some = chance.choices(range(12), k=3 if action == "purchase" else 1)
        items = tuple(
            Item(f"i{item}", category=f"c{item % 4}", brand=f"b{item % 3}", price=9.5 + item) for item in some
        )
    return ShopperEvent(f"e{number}", f"s{shopper}", action, time_ms + _shift_ms(chance), items, query)  # type: ignore[arg-type]


def _shift_ms(chance: random.Random) -> int:
    """How far a device's clock is off, or its connection late: mostly hardly at all."""
    fate = chance.random()
    if fate < 0.80:
        return -chance.randint(0, 200)
    if fate < 0.92:
        return -chance.randint(0, 9_000)
    return chance.randint(0, 9_000) if fate < 0.98 else -chance.randint(9_000, 60_000)
