"""Match: which of three products fits each of the demonstration's shoppers, and why, or why not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from penchant.demo.examples import Example
from penchant.demo.stage import Stage
from penchant.operations.match import Matched, match
from prompts.products.cards import understood
from storage.cards import RedisCards
from storage.keys import Keys
from streams.errors import StoreCorrupt, StoreUnavailable
from streams.events.event import Item
from streams.records.products import Product

CANDIDATES = 3
WRITE_S = 1.0


@dataclass(frozen=True, slots=True)
class MatchExample:
    """A match, and the products by id."""

    found: Matched
    items: dict[str, Item]


async def match_examples(stage: Stage, examples: Sequence[Example]) -> list[MatchExample]:
    """A match for each shopper for whom three products can be found that others looked at; none without Redis. The
    products get cards of what the events told of them."""
    everything = [row.item for example in examples for row in example.rows if row.item]
    candidates = {example.shopper: _candidates(example, everything) for example in examples}
    found = [await _match(stage, shopper, items) for shopper, items in candidates.items() if len(items) == CANDIDATES]
    return [each for each in found if each is not None]


async def _match(stage: Stage, shopper: str, items: Sequence[Item]) -> MatchExample | None:
    try:
        await _describe(stage, items)
        found = await match(stage.settings, shopper, [item.id for item in items])
    except (StoreUnavailable, StoreCorrupt):
        return None
    return MatchExample(found, {item.id: item for item in items})


def _candidates(example: Example, everything: Iterable[Item]) -> list[Item]:
    """One from another part of the shop, one that costs more, one of the last kind; the shopper's own fill up."""
    own = [row.item for row in example.rows if row.item]
    if not own:
        return []
    last = own[-1]
    others = [item for item in everything if item.id not in {each.id for each in own}]
    apart = [item for item in others if item.category != last.category]
    dearer = [item for item in others if (item.price or 0.0) > 1.5 * (last.price or 0.0)]
    alike = [item for item in others if item.category == last.category]
    wanted = [*apart[:1], *dearer[:1], *alike[:1], *reversed(own), *others]
    return list({item.id: item for item in wanted}.values())[:CANDIDATES]


async def _describe(stage: Stage, items: Iterable[Item]) -> None:
    """Write the products' cards, as a shop would from its catalogue."""
    redis = stage.settings.redis
    client = redis.connect()
    try:
        cards = {item.id: understood(_product(item), ()).card for item in items}
        await RedisCards(client, Keys(redis.namespace), WRITE_S).write(cards)
    finally:
        await client.aclose()


def _product(item: Item) -> Product:
    category, brand = item.category or "", item.brand or ""
    return Product(item.id, item.title or "", "", (), category, brand, item.price or None, item.currency or "")
