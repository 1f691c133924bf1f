"""How long Python's collector stops a worker that holds many sessions: left alone, and by our rule.

Ours is penchant/process/collector.py.
`python benchmarks/collector.py [sessions]`. Rounds of both take turns, each in a process of its own that folds events,
as fast as it can, into sessions of which a tenth is unpacked at a time. Pauses are processor time, so that other work
on the machine does not count.
"""

import asyncio
import gc
import json
import platform
import subprocess
import sys
import time
from collections import deque
from random import Random

from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from penchant.process.collector import CollectorRules, collect
from streams.events.event import Item, ShopperEvent
from streams.sessions.packing import dump, load
from streams.sessions.session import Session, SessionRules, fold

SESSIONS, EVENTS, PRODUCTS, HOT, NEW = 200_000, 20, 5_000, 0.1, 0.1
FOLDED, ROUNDS, SLICE = 150_000, 3, 100
RULES = SessionRules()
ITEMS = [Item(f"p{n}", f"Product number {n}", f"home/shelf-{n % 90}", f"brand-{n % 40}", 9.99) for n in range(PRODUCTS)]


def main(sessions: int) -> None:
    """Rounds in turns, then the worst of each figure."""
    found: dict[str, list[dict[str, float]]] = {"default": [], "scheduled": []}
    for _ in range(ROUNDS):
        for policy, reports in found.items():
            command = [sys.executable, __file__, str(sessions), policy]
            reports.append(
                json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
            )
            print(policy, reports[-1])
    print(f"Python {platform.python_version()}, {sessions:,} sessions, worst of {ROUNDS} rounds of {FOLDED:,} events:")
    for policy, reports in found.items():
        print(policy, {name: max(report[name] for report in reports) for name in reports[0]})


async def measure(sessions: int, policy: str) -> dict[str, float]:
    """One round."""
    random, partition = Random(1), Partition(0, 1, 10.0)
    hot = fill(partition, sessions, random)
    pauses = watch_pauses()
    tasks: list[asyncio.Task[None]] = []
    if policy == "scheduled":
        tasks.append(asyncio.create_task(collect(CollectorRules(), lambda: True)))
        await asyncio.sleep(0.1)
        pauses.clear()
    began_s = time.thread_time()
    for first in range(0, FOLDED, SLICE):
        for offset in range(first, first + SLICE):
            who = random.randrange(round(sessions * (1 + NEW)))
            shopper = partition.shoppers.get(f"shopper-{who}") or enter(partition, who, Session())
            if shopper.packed:
                hot.append(shopper)
            fold(shopper.session, event(who, offset, random), 10_000 + offset, 0, RULES)
        while len(hot) > HOT * sessions:
            hot.popleft().pack()
        await asyncio.sleep(0)
    took_ms, longest_ms = (time.thread_time() - began_s) * 1e3, max(pauses, default=0.0)
    share = sum(pauses) / took_ms
    for task in tasks:
        task.cancel()
    gc.unfreeze()
    pauses.clear()
    gc.collect()
    figures = {
        "longest_ms": longest_ms,
        "share": share,
        "full_at_end_ms": pauses[-1],
        "us_an_event": took_ms / FOLDED * 1e3,
    }
    return {name: round(figure, 3) for name, figure in figures.items()}


def fill(partition: Partition, sessions: int, random: Random) -> deque[Shopper]:
    """Sessions of twenty events, copies of a few hundred; returns those that are unpacked."""
    packed = []
    for who in range(300):
        session = Session()
        for offset in range(EVENTS):
            fold(session, event(who, offset, random), offset, 0, RULES)
        packed.append(dump(session))
    for who in range(sessions):
        enter(partition, who, load(packed[who % 300]))
        if random.random() > HOT:
            partition.shoppers[f"shopper-{who}"].pack()
    return deque(shopper for shopper in partition.shoppers.values() if not shopper.packed)


def enter(partition: Partition, who: int, session: Session) -> Shopper:
    """Hold another session."""
    shopper = partition.shoppers[f"shopper-{who}"] = Shopper(f"shopper-{who}", partition, session)
    return shopper


def event(who: int, offset: int, random: Random) -> ShopperEvent:
    """A view of some product."""
    items = (ITEMS[random.randrange(PRODUCTS)],)
    return ShopperEvent(f"{random.getrandbits(64):016x}-{offset}", f"shopper-{who}", "view", offset, items)


def watch_pauses() -> list[float]:
    """The processor time of every collection from now on, in milliseconds."""
    pauses: list[float] = []
    began_s = 0.0

    def note(phase: str, _: dict[str, int]) -> None:
        nonlocal began_s
        if phase == "start":
            began_s = time.thread_time()
        else:
            pauses.append((time.thread_time() - began_s) * 1e3)

    gc.callbacks.append(note)
    return pauses


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(asyncio.run(measure(int(sys.argv[1]), sys.argv[2]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else SESSIONS)
