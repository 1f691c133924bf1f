"""Match reasons: those of products at recorded choices, for people who label them blind. Pure."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from agents.match.features import Wants
from agents.match.last import last_card
from agents.match.messages import Messages
from agents.match.reasons import Reason, Reasons, reasons
from penchant.offline.eval.choices import Catalogue, Choice, choices
from penchant.offline.eval.judge import described
from penchant.offline.eval.matching import intent_of
from penchant.offline.labels.matches import WRONG
from streams.events.event import ShopperEvent
from streams.records.cards import Card

PLANTED = 0.2
"""The share of rows that are told the price reason of another product: whoever calls these right does not look."""


def reason_rows(events: Sequence[ShopperEvent], seed: int, most: int, words: Messages) -> list[dict[str, Any]]:
    """At most so many choices, each with one of its twenty products that has reasons, drawn by chance: neither what was
    opened nor any order can be told from a row. Some are planted, and `gold` says so. Empty for a recording without
    choices."""
    dice, (catalogue, made) = random.Random(seed), choices(events, "same", seed)
    rows: list[dict[str, Any]] = []
    for choice in dice.sample(made, len(made)):
        if len(rows) == most:
            break
        rows += _row(choice, catalogue, words, dice)
    return [{"pair": f"match-{number}", **row} for number, row in enumerate(rows)]


def _row(choice: Choice, catalogue: Catalogue, words: Messages, dice: random.Random) -> Iterator[dict[str, Any]]:
    """One row, or none."""
    wants, plants = Wants.of(intent_of(choice), last_card(choice.view)), dice.random() < PLANTED
    products = dice.sample(choice.candidates, len(choice.candidates))
    found = {each: reasons(wants, choice.view, each, catalogue.cards[each]) for each in products}
    for product in products:
        told, card = found[product], catalogue.cards[product]
        if told.pro or told.con:
            wrong = _wrong(card, told, [(catalogue.cards[each], found[each]) for each in products]) if plants else None
            said = wrong or told
            sides = {"for": list(map(words.text, said.pro)), "against": list(map(words.text, said.con))}
            gold = {"gold": WRONG} if wrong else {}
            yield {"shown": described(choice.view), "product": _product(card), **sides, **gold}
            return


def _wrong(card: Card, own: Reasons, others: Sequence[tuple[Card, Reasons]]) -> Reasons | None:
    """Its own reasons, with the price reason of the first other product that has one and another price; None where none
    has."""
    for other, told in others:
        if card.price and other.price and abs(card.price - other.price) >= 1 and other.currency == card.currency:
            pro, con = (tuple(filter(_is_price, side)) for side in (told.pro, told.con))
            if pro or con:
                return Reasons(pro + _others(own.pro), con + _others(own.con))
    return None


def _is_price(reason: Reason) -> bool:
    return reason.code.startswith("price-")


def _others(side: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple(each for each in side if not _is_price(each))


def _product(card: Card) -> str:
    """What its card says, in words."""
    price = f"{card.price:g} {card.currency}".rstrip() if card.price else ""
    return ", ".join(filter(None, (card.category.replace("/", " > "), card.brand, price)))
