"""What a worker of Ray does with a batch, without Ray: the peers' test has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.products.understanding import Answered, Answers, Understanding
from clients.calls import Sampling
from penchant.offline.products.job import in_order
from penchant.offline.products.ray_engine import OUTCOME, ROW, Outcome, RayWorker, Row, understood
from penchant.offline.products.reading import Rejected
from streams.records.products import Product, Understood
from tests.penchant.offline.products.test_job import PROMPTS, FakeModel

PRODUCTS = [Product(f"sku-{at}", f"Kettle {at}", "Blue. A gift.", price=at + 1) for at in range(5)]


@dataclass
class Memory:
    """Answers in memory."""

    kept: dict[str, Answered] = field(default_factory=dict)

    async def get(self, key: str) -> Answered | None:
        """One of them."""
        return self.kept.get(key)

    async def put(self, key: str, answer: Answered) -> None:
        """One more."""
        self.kept[key] = answer


def over(model: FakeModel, answers: Answers) -> Understanding:
    """By this model."""
    return Understanding(model.ask, "fake", PROMPTS, Sampling(), answers)


async def locally(model: FakeModel) -> list[Understood | Rejected]:
    """What one process makes of the products."""

    async def rows() -> AsyncIterator[Product]:
        for each in PRODUCTS:
            yield each

    return [each async for each in in_order(rows(), over(model, Memory()), 2)]


async def test_a_batch_comes_to_what_one_process_makes_of_it() -> None:
    """A product that no model takes among them; and to the answers, with which a second time asks nobody."""
    model = FakeModel(too_long="Kettle 3")
    rows = [Row(at, each, {}) for at, each in enumerate(PRODUCTS)]
    outcome = await understood(rows, lambda answers: over(model, answers), 2)
    assert list(outcome.rows.values()) == await locally(FakeModel(too_long="Kettle 3"))
    assert (outcome.spent.calls, len(outcome.answers), outcome.fault) == (4, 4, "")
    memory = Memory()
    driver = over(FakeModel(), memory)
    await driver.take(outcome.answers, outcome.spent)
    assert driver.spent.calls == 4
    again = [Row(at, each, await driver.known(each)) for at, each in enumerate(PRODUCTS)]
    second = await understood(again, lambda answers: over(FakeModel(too_long="Kettle 3"), answers), 2)
    assert (second.rows, second.spent.calls, second.spent.kept) == (outcome.rows, 0, 4)


async def test_what_was_answered_before_the_model_went_away_is_not_lost() -> None:
    """And why it ended there."""
    rows = [Row(at, each, {}) for at, each in enumerate(PRODUCTS)]
    model = FakeModel(fails_at=3)
    outcome = await understood(rows, lambda answers: over(model, answers), 1)
    assert outcome.fault == "gone"
    assert len(outcome.answers) == outcome.spent.calls >= 3


def test_a_worker_takes_and_gives_columns_of_bytes() -> None:
    """On an event loop of its own."""

    @asynccontextmanager
    async def make() -> AsyncIterator[Any]:
        yield lambda answers: over(FakeModel(), answers)

    worker = RayWorker(make, 2)
    try:
        [told] = worker({"row": [ROW.dump_json(Row(7, PRODUCTS[0], {}))]})["outcome"]
    finally:
        worker.close()
    [(place, found)] = OUTCOME.validate_json(told).rows.items()
    assert isinstance(found, Understood)
    assert (place, found.product, [each.property.value for each in found.facts]) == (7, "sku-0", ["blue"])


@pytest.mark.parametrize("reject", [Rejected(3, "sku-3", "no title"), Rejected(None, "", "a")])
def test_a_reject_comes_back_as_one(reject: Rejected) -> None:
    """Nothing takes it for a product that was understood."""
    assert OUTCOME.validate_json(OUTCOME.dump_json(Outcome({3: reject}))).rows == {3: reject}
