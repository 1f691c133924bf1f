"""Match reasons: those of products at recorded choices, for people who label them blind. Pure."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from agents.match.features import Wants
from agents.match.last import last_card
from agents.match.messages import Messages
from agents.match.reasons import reasons
from penchant.offline.eval.choices import Catalogue, Choice, choices
from penchant.offline.eval.judge import described
from penchant.offline.eval.matching import intent_of
from streams.events.event import ShopperEvent
from streams.records.cards import Card


def reason_rows(events: Sequence[ShopperEvent], seed: int, most: int, words: Messages) -> list[dict[str, Any]]:
    """At most so many choices, each with one of its twenty products that has reasons, drawn by chance: neither what was
    opened nor any order can be told from a row. Empty for a recording without choices."""
    dice, (catalogue, made) = random.Random(seed), choices(events, "same", seed)
    rows: list[dict[str, Any]] = []
    for choice in dice.sample(made, len(made)):
        if len(rows) == most:
            break
        rows += _row(choice, catalogue, words, dice)
    return [{"pair": f"match-{number}", **row} for number, row in enumerate(rows)]


def _row(choice: Choice, catalogue: Catalogue, words: Messages, dice: random.Random) -> Iterator[dict[str, Any]]:
    """One row, or none."""
    wants = Wants.of(intent_of(choice), last_card(choice.view))
    for product in dice.sample(choice.candidates, len(choice.candidates)):
        card = catalogue.cards[product]
        found = reasons(wants, choice.view, product, card)
        if found.pro or found.con:
            told = {"for": list(map(words.text, found.pro)), "against": list(map(words.text, found.con))}
            yield {"shown": described(choice.view), "product": _product(card), **told}
            return


def _product(card: Card) -> str:
    """What its card says, in words."""
    price = f"{card.price:g} {card.currency}".rstrip() if card.price else ""
    return ", ".join(filter(None, (card.category.replace("/", " > "), card.brand, price)))
