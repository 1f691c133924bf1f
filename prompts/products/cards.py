"""Cards: what was found in the parts of a product's text, put together."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from prompts.guard import BRAND, CATEGORY, clean
from prompts.products.campaigns import clause
from prompts.products.grounding import GroundedProduct
from prompts.tokens import Count, estimate
from prompts.view import ABOUT
from streams.records.cards import LONGEST_CODE, MOST_TOKENS, Card
from streams.records.products import Campaign, Fact, Interest, Product, Understood

MOST_ATTRIBUTES, MOST_SEGMENTS = 16, 5

Said = TypeVar("Said", Fact, Interest)


def understood(
    product: Product, parts: Sequence[GroundedProduct], refused: int = 0, count: Count = estimate
) -> Understood:
    """Reduce what the parts say: what most of them say comes first, and of equals what is said first."""
    facts = _merged((each for part in parts for each in part.facts), lambda fact: fact.property)[:MOST_ATTRIBUTES]
    needs = (each for part in parts for each in part.interests)
    interests = _merged(needs, lambda interest: interest.segment)[:MOST_SEGMENTS]
    card = Card(
        category=clean(product.category, CATEGORY),
        brand=clean(product.brand, BRAND),
        price=product.price,
        currency=product.currency,
        attributes=tuple(fact.property for fact in facts),
        segments=tuple(each.segment for each in interests),
    )
    removed = tuple(kind for part in parts for kind in part.removed)
    coded = card.model_copy(update={"code": code(card, count)})
    told = line(facts, interests, product.campaign)
    return Understood(product.id, tuple(facts), tuple(interests), coded, told, removed, refused)


def code(card: Card, count: Count = estimate) -> str:
    """What a prompt shows of a card, in at most twelve tokens: its kind, its brand and what it is like, as far as they
    fit."""
    said = ""
    for piece in _pieces(card):
        longer = f"{said} {piece}" if said else piece
        if count(longer) <= MOST_TOKENS and len(longer) <= LONGEST_CODE:
            said = longer
    return said


def line(facts: Iterable[Fact], interests: Iterable[Interest], campaign: Campaign | None = None) -> str:
    """What prompts of shoppers may tell of the product: the campaign, facts, then needs, in at most 160 characters."""
    begin = [named] if campaign and (named := clause(campaign)) else []
    said = [f"{fact.property.name} {fact.property.value}" for fact in facts]
    needs = dict.fromkeys(each.segment.mission for each in interests)
    text = ""
    for piece in [*begin, *said, *(f"for {mission}" for mission in needs)]:
        longer = f"{text}, {piece}" if text else piece
        if len(longer) <= ABOUT:
            text = longer
    return text


def _pieces(card: Card) -> Iterator[str]:
    kind = card.category.rpartition("/")[2].replace("_", " ").replace("-", " ")
    yield from filter(None, (" ".join(kind.split()[-3:]), card.brand))
    if card.price is not None:
        yield f"{card.price:.0f} {card.currency}".strip()
    yield from (each.value for each in card.attributes)


def _merged(said: Iterable[Said], of: Callable[[Said], object]) -> list[Said]:
    """Each once, with how many parts say it, the most often said first."""
    merged: dict[object, Said] = {}
    for each in said:
        known = merged.get(of(each))
        merged[of(each)] = replace(known, parts=known.parts + 1) if known else each
    return sorted(merged.values(), key=lambda each: -each.parts)
