"""Ray engine: rows understood in batches by the workers of a Ray cluster, as one process does it.

This process reads the catalogue, keeps all answers and writes the results; it gives each batch what is kept of its
rows, and takes what its worker was answered. So workers need no file, and a run that was killed goes on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from pydantic import TypeAdapter

from agents.products.understanding import Answered, Answers, Spent, Understanding
from penchant.offline.products.job import Engine, in_order
from penchant.offline.products.reading import Rejected
from streams.errors import DeadlinePassed, ModelUnavailable, PlatformLacks
from streams.records.products import Product, Understood

ROWS = 32
"""Rows that a worker is given at once: of so many for each worker the answers are lost when all is killed."""

DATASET_ROWS = 10_000
"""Rows that are held in memory. The workers begin anew for the next ones."""

CORES = 0.5
"""What a worker is reckoned at: it waits for a model most of the time."""

Over = Callable[[Answers], Understanding]
"""Makes an Understanding over kept answers."""

MakeOver = Callable[[], AbstractAsyncContextManager[Over]]
"""The same with a client of its own, on whatever machine it is called."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its place in the catalogue, and the answers about it that are kept."""

    place: int
    product: Product
    answers: dict[str, Answered]


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a batch by their places, with the new answers. `fault`: why there are no more."""

    rows: dict[int, Understood | Rejected] = field(default_factory=dict)
    answers: dict[str, Answered] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    fault: str = ""


ROW, OUTCOME = TypeAdapter(Row), TypeAdapter(Outcome)


class _Gathered:
    """Answers in memory: those that were kept, and those that were given since, which are new."""

    def __init__(self, kept: Mapping[str, Answered]) -> None:
        self._kept, self.new = kept, dict[str, Answered]()

    async def get(self, key: str) -> Answered | None:
        return self._kept.get(key) or self.new.get(key)

    async def put(self, key: str, answer: Answered) -> None:
        self.new[key] = answer


async def understood(batch: Sequence[Row], over: Over, at_once: int) -> Outcome:
    """What becomes of a batch, so many rows at once. When the model goes away, what was answered until then."""
    answers, outcome = _Gathered({key: each for row in batch for key, each in row.answers.items()}), Outcome()
    understanding = over(answers)
    places = iter([row.place for row in batch])
    try:
        async for each in in_order(_each(row.product for row in batch), understanding, at_once):
            outcome.rows[next(places)] = each
    except (ModelUnavailable, DeadlinePassed) as error:
        outcome.fault = str(error)
    outcome.answers, outcome.spent = answers.new, understanding.spent
    return outcome


class RayWorker:
    """What Ray runs: a client of its own, on an event loop that lives as long as the worker."""

    def __init__(self, make: MakeOver, at_once: int) -> None:
        self._at_once, self._loop, self._stack = at_once, asyncio.Runner(), AsyncExitStack()
        self._over = self._loop.run(self._stack.enter_async_context(make()))

    def close(self) -> None:
        """Close the client."""
        self._loop.run(self._stack.aclose())
        self._loop.close()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        """A batch as columns, and one row of what became of it."""
        rows = [ROW.validate_json(bytes(each)) for each in batch["row"]]
        return {"outcome": [OUTCOME.dump_json(self._loop.run(understood(rows, self._over, self._at_once)))]}


def ray_engine(make: MakeOver, workers: int) -> Engine:
    """An engine of so many workers, in the cluster that RAY_ADDRESS names, else on this machine. PlatformLacks."""
    ray, data = _ray()

    async def over_ray(
        source: AsyncIterator[Product | Rejected], understanding: Understanding, at_once: int
    ) -> AsyncIterator[Understood | Rejected]:
        _begin(ray, data)
        try:
            while rows := [each async for each in _some(source, DATASET_ROWS)]:
                outcomes = _outcomes(data, await _rows(rows, understanding), make, workers, ceil(at_once / workers))
                results: dict[int, Understood | Rejected] = {
                    place: each for place, each in enumerate(rows) if isinstance(each, Rejected)
                }
                while (outcome := await asyncio.to_thread(_next, ray, outcomes)) is not None:
                    await understanding.take(outcome.answers, outcome.spent)
                    if outcome.fault:
                        raise ModelUnavailable(outcome.fault)
                    results |= outcome.rows
                for place in range(len(rows)):
                    yield results[place]
        finally:
            ray.shutdown()

    return over_ray


def _outcomes(data: Any, rows: Sequence[bytes], make: MakeOver, workers: int, at_once: int) -> Iterator[Outcome]:
    """What became of batches, as they end. It blocks."""
    if rows:
        batches = data.from_items([{"row": row} for row in rows]).map_batches(
            RayWorker, fn_constructor_args=(make, at_once), batch_size=ROWS, num_cpus=CORES,
            compute=data.ActorPoolStrategy(size=workers),
        )  # fmt: skip
        for each in batches.iter_rows():
            yield OUTCOME.validate_json(bytes(each["outcome"]))


def _next(ray: Any, outcomes: Iterator[Outcome]) -> Outcome | None:
    try:
        return next(outcomes, None)
    except ray.exceptions.RayError as error:
        first = str(error).strip().partition("\n")[0]
        raise PlatformLacks(f"Ray's workers ended: {first}", "run it again: what was answered is kept") from error


async def _rows(rows: Sequence[Product | Rejected], understanding: Understanding) -> list[bytes]:
    return [
        ROW.dump_json(Row(place, each, await understanding.known(each)))
        for place, each in enumerate(rows)
        if isinstance(each, Product)
    ]


async def _some(source: AsyncIterator[Product | Rejected], most: int) -> AsyncIterator[Product | Rejected]:
    taken = 0
    async for each in source:
        yield each
        taken += 1
        if taken == most:
            return


async def _each(products: Iterator[Product]) -> AsyncIterator[Product]:
    for each in products:
        yield each


def _begin(ray: Any, data: Any) -> None:
    """Join the cluster, or start one here; it says what is wrong, and nothing to stdout, which is the report's."""
    try:
        ray.init(ignore_reinit_error=True, log_to_driver=False, logging_level="warning", include_dashboard=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise PlatformLacks(
            f"Ray cannot be had: {error}", "set RAY_ADDRESS to a cluster that runs, or unset it"
        ) from error
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    data.DataContext.get_current().enable_progress_bars = False


def _ray() -> tuple[Any, Any]:
    try:
        import ray  # noqa: PLC0415 # an extra
        import ray.data  # noqa: PLC0415
    except ImportError as exc:
        raise PlatformLacks("Ray is not installed", "pip install 'penchant[ray]', or take --engine local") from exc
    return ray, ray.data
