"""Job: a catalogue read, understood and written, in the order of its rows, with a bounded number of calls at once."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from agents.products.understanding import Understanding
from penchant.offline.products.columns import Columns
from penchant.offline.products.reading import WHOLE, Rejected, Shard, read
from penchant.offline.products.writing import PRODUCTS, REJECTS, Format, product_row, rows
from prompts.products.asking import ProductPrompts
from streams.errors import Refuse, Retry
from streams.records.products import Product, Understood

CHUNK = 256
"""Rows that are read at once, and products that are published at once."""

AHEAD = 4
"""Products that wait behind the one that is written next, for each call at once."""

Publish = Callable[[list[Understood]], Awaitable[None]]

Engine = Callable[[AsyncIterator[Product | Rejected], Understanding, int], AsyncIterator[Understood | Rejected]]
"""Gives what becomes of rows, in their order, so many at once."""


class Progress(Protocol):
    """What shows people how far it is."""

    def advance(self, steps: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is read, and in which words it is asked about."""

    path: Path
    columns: Columns
    prompts: ProductPrompts
    shard: Shard = WHOLE


@dataclass(slots=True)
class Report:
    """What a job came to. Tokens are those of its own calls."""

    products: int = 0
    rejected: int = 0
    facts: int = 0
    segments: int = 0
    removed: int = 0
    refused_parts: int = 0
    calls: int = 0
    kept: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def count(self, known: Understood) -> None:
        """One more product."""
        self.products += 1
        self.facts += len(known.facts)
        self.segments += len(known.interests)
        self.removed += len(known.removed)
        self.refused_parts += known.refused


async def run(
    catalogue: Catalogue,
    understanding: Understanding,
    out: Path,
    *,
    form: Format,
    at_once: int,
    publish: Publish | None,
    progress: Progress,
    engine: Engine | None = None,
) -> Report:
    """Understand all rows and write them to a folder. Raises ModelUnavailable when a model does not answer: what was
    answered is kept, and the next run goes on from there. Without an `engine` this process does it."""
    report = Report()
    with rows(out / f"{PRODUCTS}.{form}", form) as products, rows(out / REJECTS, "jsonl") as rejects:
        published: list[Understood] = []
        async for each in (engine or in_order)(rows_of(catalogue), understanding, at_once):
            progress.advance(1)
            if isinstance(each, Rejected):
                report.rejected += 1
                rejects.write(asdict(each))
                continue
            report.count(each)
            products.write(product_row(each))
            published.append(each)
            if publish and len(published) >= CHUNK:
                await publish(published)
                published = []
        if publish and published:
            await publish(published)
    spent = understanding.spent
    report.calls, report.kept = spent.calls, spent.kept
    report.input_tokens, report.output_tokens = spent.input_tokens, spent.output_tokens
    return report


async def rows_of(catalogue: Catalogue) -> AsyncIterator[Product | Rejected]:
    """The rows, read in a thread, some at a time."""
    iterator = read(catalogue.path, catalogue.columns, catalogue.prompts, catalogue.shard)
    while chunk := await asyncio.to_thread(_take, iterator):
        for each in chunk:
            yield each


def _take(iterator: Iterator[Any]) -> list[Any]:
    return list(islice(iterator, CHUNK))


async def in_order(
    source: AsyncIterator[Product] | AsyncIterator[Product | Rejected], understanding: Understanding, at_once: int
) -> AsyncIterator[Understood | Rejected]:
    """What becomes of each row, in order. So many are understood at once, and few wait for the one before them.

    What has to be tried again, such as ModelUnavailable, is raised as soon as it comes up, whatever row it is: those
    before it would wait, one after the other, for servers that answer nobody.
    """
    permits, outage = asyncio.Semaphore(at_once), asyncio.get_running_loop().create_future()

    async def one(product: Product) -> Understood | Rejected:
        async with permits:
            try:
                return await understanding.of(product)
            except Refuse as refused:  # its prompt is too long, or the servers always fail at it: the others go on
                return Rejected(None, product.id, str(refused))
            except Retry as away:
                if not outage.done():
                    outage.set_result(away)
                raise

    waiting: deque[asyncio.Task[Understood | Rejected] | Rejected] = deque()
    try:
        async for each in source:
            waiting.append(each if isinstance(each, Rejected) else asyncio.create_task(one(each)))
            while len(waiting) > at_once * AHEAD:
                yield await _next(waiting, outage)
        while waiting:
            yield await _next(waiting, outage)
    finally:
        running = [each for each in waiting if isinstance(each, asyncio.Task)]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _next(
    waiting: deque[asyncio.Task[Understood | Rejected] | Rejected], outage: asyncio.Future[Retry]
) -> Understood | Rejected:
    first = waiting[0]
    if isinstance(first, asyncio.Task):
        await asyncio.wait((first, outage), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            raise outage.result()
    done = first if isinstance(first, Rejected) else first.result()
    waiting.popleft()
    return done
