"""Campaign: many seeds, spread over the cores."""

import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

from tests.simulation.mutations import MUTATIONS
from tests.simulation.plan import draw
from tests.simulation.run import simulate

CHUNK = 20
"""Seeds handed to a core at once."""

AHEAD = 16
"""Chunks handed out before the first is waited for."""


@dataclass(slots=True)
class Report:
    """What came of some seeds. `wrong` holds, for each seed that failed, the first thing that was."""

    seeds: int = 0
    wrong: dict[int, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    virtual_s: float = 0.0

    def add(self, other: Self) -> None:
        """Count another report in."""
        self.seeds += other.seeds
        self.wrong |= other.wrong
        self.seen += other.seen
        self.virtual_s += other.virtual_s


@dataclass(frozen=True, slots=True)
class Catch:
    """How a mutation was caught; `wrong` is empty when it was not."""

    mutation: str
    seeds: int
    seed: int
    wrong: str


@contextmanager
def cores() -> Iterator[ProcessPoolExecutor]:
    """A process for each core. Spawned, since forking a process with threads is a warning, and rightly so."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=context) as pool:
        yield pool


def campaign(pool: ProcessPoolExecutor, seeds: Iterable[int]) -> Iterator[Report]:
    """Simulate seeds, of which there may be no end; a report for each chunk, in order."""
    iterator = iter(seeds)
    running: deque[Future[Report]] = deque()
    while chunk := list(islice(iterator, CHUNK)):
        running.append(pool.submit(simulated, chunk))
        if len(running) > AHEAD:
            yield running.popleft().result()
    for future in running:
        yield future.result()


def simulated(seeds: list[int]) -> Report:
    """Simulate a few seeds here."""
    report = Report()
    for seed in seeds:
        outcome = simulate(draw(seed))
        wrong = {seed: outcome.wrong[0]} if outcome.wrong else {}
        report.add(Report(1, wrong, outcome.seen, outcome.virtual_s))
    return report


def catch(name: str, most: int) -> Catch:
    """Simulate a mutation with the seeds from its first one on until an invariant breaks."""
    mutation = MUTATIONS[name]
    for tried, seed in enumerate(range(mutation.first_seed, mutation.first_seed + most), 1):
        outcome = simulate(draw(seed), mutation.parts)
        if outcome.wrong:
            return Catch(name, tried, seed, outcome.wrong[0])
    return Catch(name, most, -1, "")


def table(catches: Iterable[Catch]) -> list[str]:
    """The catches as lines."""
    head = f"{'the worker ...':<54} {'caught by':<10} after seeds"
    return [
        head,
        *(f"{one.mutation:<54} {one.wrong.split(':')[0] or 'NOBODY':<10} {one.seeds:>5}" for one in catches),
    ]
