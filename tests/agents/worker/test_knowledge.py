"""What the shop says of products: read once, held for a while, and never waited for twice."""

from collections.abc import Sequence

import pytest

from agents.worker.knowledge import Knowledge, KnowledgeRules
from streams.errors import StoreCorrupt, StoreUnavailable
from streams.sessions.session import Session
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, SHOES, shopper

LINES = {"sku-1": "1.7 l", "sku-5": "Grippy"}
SESSION = shopper(("view", KETTLE), ("search", "kettle"), ("view", OTHER_KETTLE), ("view", KETTLE))


class Shelf:
    """A store in memory, with faults to order; `asked` has the products of each read."""

    def __init__(self) -> None:
        self.lines_of = dict(LINES)
        self.asked: list[list[str]] = []
        self.fault: Exception | None = None

    async def lines(self, products: Sequence[str]) -> list[str]:
        self.asked.append(list(products))
        if self.fault:
            raise self.fault
        return [self.lines_of.get(product, "") for product in products]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_a_product_is_read_once(shelf: Shelf) -> None:
    """All of a session in one read; what is held, and what is known to be absent, is not asked for again."""
    knowledge = Knowledge(shelf, KnowledgeRules())
    assert knowledge.line("sku-1") == ""
    for session in (SESSION, SESSION, shopper(("view", KETTLE), ("view", SHOES))):
        await knowledge.learn(session)
    assert shelf.asked == [["sku-1", "sku-2"], ["sku-5"]]
    assert [knowledge.line(product) for product in ("sku-1", "sku-2", "sku-5")] == ["1.7 l", "", "Grippy"]
    await knowledge.learn(Session())
    assert len(shelf.asked) == 2


async def test_once_said_it_stays(shelf: Shelf) -> None:
    """A line is not read again while it is held, and stays when it then cannot be read."""
    knowledge = Knowledge(shelf, KnowledgeRules(hold_s=0.0, pause_s=0.0))
    await knowledge.learn(SESSION)
    shelf.fault = StoreUnavailable("away")
    await knowledge.learn(SESSION)
    assert knowledge.line("sku-1") == "1.7 l"
    shelf.fault, shelf.lines_of["sku-1"] = None, "2 l"
    await knowledge.learn(SESSION)
    assert knowledge.line("sku-1") == "2 l"


async def test_a_store_that_is_away_is_left_alone_for_a_while(shelf: Shelf) -> None:
    """One call waits for it, the others do without."""
    knowledge = Knowledge(shelf, KnowledgeRules(pause_s=3_600.0))
    shelf.fault = StoreUnavailable("away")
    await knowledge.learn(SESSION)
    shelf.fault = None
    for _ in range(3):
        await knowledge.learn(SESSION)
    assert len(shelf.asked) == 1
    assert knowledge.line("sku-1") == ""


async def test_a_key_of_another_type_silences_no_other_product(shelf: Shelf) -> None:
    """Those read together with it do without for a while; all others are read."""
    knowledge = Knowledge(shelf, KnowledgeRules(pause_s=3_600.0))
    shelf.fault = StoreCorrupt("penchant:{sku-2}:knowledge", "it is of another Redis type")
    await knowledge.learn(SESSION)
    shelf.fault = None
    await knowledge.learn(SESSION)
    await knowledge.learn(shopper(("view", SHOES)))
    assert shelf.asked == [["sku-1", "sku-2"], ["sku-5"]]
    assert knowledge.line("sku-5") == "Grippy"


async def test_only_so_many_are_held(shelf: Shelf) -> None:
    """The least recently used goes first."""
    knowledge = Knowledge(shelf, KnowledgeRules(max_products=2))
    await knowledge.learn(SESSION)
    await knowledge.learn(shopper(("view", KETTLE)))
    await knowledge.learn(shopper(("view", SHOES)))
    await knowledge.learn(shopper(("view", KETTLE)))
    await knowledge.learn(shopper(("view", OTHER_KETTLE)))
    assert shelf.asked == [["sku-1", "sku-2"], ["sku-5"], ["sku-2"]]
