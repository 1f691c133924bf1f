"""The model's order, and the order by features that stands without it."""

import asyncio
from collections.abc import Mapping

import pytest
from msgspec import structs

from agents.match.packed import rescored
from agents.match.ranking import Ranked, Shopper, ranking
from clients.calls import Call, Completion
from prompts.matching import CODES
from streams.errors import DeadlinePassed, ModelUnavailable
from streams.records.cards import Card
from streams.records.intents import Avoid, Weighted
from tests.agents.match.intents import KETTLE, intent

KNOWN = intent(categories=(Weighted(name="home/kitchen/kettles", weight=1.0),))
CARDS: Mapping[str, Card] = {f"sku-{at}": KETTLE for at in range(25)}


class FakeModel:
    """Gives these log-probabilities, or raises."""

    def __init__(self, said: Mapping[str, float] | None, fault: Exception | None = None) -> None:
        self._said, self._fault = said, fault
        self.calls: list[Call] = []

    async def complete(self, call: Call) -> Completion:
        """As it was made."""
        self.calls.append(call)
        if self._fault:
            raise self._fault
        return Completion("A", "fake", "fake:1", log_probabilities=self._said)

    async def probe(self) -> str:
        """Its name."""
        return "fake"

    async def close(self) -> None:
        """Nothing to close."""


def ranked(*more: str) -> tuple[Ranked, ...]:
    """Twenty-five equals in their order."""
    return ranking(Shopper(KNOWN), [*CARDS, *more], CARDS, "last")


async def test_the_model_orders_the_best_twenty() -> None:
    """In one call of one token, before the rest, which keeps its order."""
    model = FakeModel({"C": -0.1, "A": -3.0})
    found = await rescored(model, KNOWN, ranked("bare"), CARDS, asyncio.get_running_loop().time() + 1)
    assert not found.why
    names = [each.product for each in found.ranked]
    assert names[:3] == ["sku-2", "sku-0", "sku-1"]
    assert names[20:] == [f"sku-{at}" for at in range(20, 25)] + ["bare"]
    assert sum(each.fit or 0.0 for each in found.ranked) == pytest.approx(1, abs=1e-4)
    assert all((each.fit is None) == (at >= 20) for at, each in enumerate(found.ranked))
    [call] = model.calls
    assert (call.max_tokens, call.traffic_class, call.choices) == (1, "realtime", tuple(CODES))


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (FakeModel(None), "fake:1 gives no log-probabilities"),
        (FakeModel({"x": -1.0}), "fake:1 gives no log-probabilities"),
        (FakeModel(None, ModelUnavailable("gone")), "did not answer: gone"),
        (FakeModel(None, DeadlinePassed("late")), "did not answer: late"),
    ],
)
async def test_the_order_by_features_stands_without_a_model(model: FakeModel, why: str) -> None:
    """Whatever goes wrong, and the answer says what."""
    before = ranked()
    found = await rescored(model, KNOWN, before, CARDS, 0.0)
    assert found.ranked == before
    assert why in found.why


async def test_what_is_to_be_avoided_stays_last() -> None:
    """No model is asked about it."""
    known = structs.replace(KNOWN, avoid=(Avoid(kind="item", value="sku-1", reason="removed"),))
    before = ranking(Shopper(known), ["sku-0", "sku-1", "sku-2"], CARDS, "last")
    model = FakeModel({"A": -5.0, "B": -0.1})
    found = await rescored(model, known, before, CARDS, 0.0)
    assert [each.product for each in found.ranked] == ["sku-2", "sku-0", "sku-1"]


async def test_a_single_candidate_needs_no_model() -> None:
    """Nor do candidates without cards."""
    model = FakeModel({"A": 0.0})
    for some in (["sku-0", "bare"], ["bare", "other"]):
        found = await rescored(model, KNOWN, ranking(Shopper(KNOWN), some, CARDS, "last"), CARDS, 0.0)
        assert "fewer than two" in found.why
    assert not model.calls
