"""Choices: moments at which a recorded shopper opened a product new to the visit, among others that stand beside it.

Pure. What is known at a choice is the past alone: the session up to it, and how often each product was opened before.
The catalogue, which a shop knows beforehand, is what the whole recording tells of its products.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from prompts.guard import BRAND, CATEGORY, clean
from prompts.view import PromptView
from streams.events.event import Item, ShopperEvent
from streams.records.cards import Card
from streams.sessions.session import Session, SessionRules, fold

Beside = Literal["same", "shop"]
"""Where the others are from: the categories of the visit and of the product opened, or what was opened in the shop."""

BESIDE: tuple[Beside, ...] = get_args(Beside)
OTHERS = 19
_DRAWN = 80
_OPENS = frozenset({"view", "click"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One product of `candidates` was opened: the one at `opened`. `counts` say how often each was opened before."""

    visit: tuple[str, int]
    view: PromptView
    candidates: tuple[str, ...]
    opened: int
    counts: tuple[int, ...]


class Catalogue:
    """The cards of a recording's products, and the products of each category."""

    def __init__(self, events: Sequence[ShopperEvent]) -> None:
        self.cards: dict[str, Card] = {}
        for item in (item for event in events for item in event.items):
            self.cards[item.id] = _card(item, self.cards.get(item.id, Card()))
        self.products = list(self.cards)
        self.by_category: dict[str, list[str]] = {}
        for product, card in self.cards.items():
            self.by_category.setdefault(card.category, []).append(product)


def choices(events: Sequence[ShopperEvent], beside: Beside, seed: int) -> tuple[Catalogue, list[Choice]]:
    """All choices of a recording, by time; the same recording and seed give the same ones."""
    in_order = sorted(events, key=lambda event: event.time_ms)
    catalogue = Catalogue(in_order)
    return catalogue, list(_choices(in_order, catalogue, beside, random.Random(seed)))


def _choices(
    events: Sequence[ShopperEvent], catalogue: Catalogue, beside: Beside, dice: random.Random
) -> Iterator[Choice]:
    rules, sessions = SessionRules(), dict[str, Session]()
    opened: list[str] = []
    counts: Counter[str] = Counter()
    for offset, event in enumerate(events):
        session = sessions.setdefault(event.shopper_id, Session())
        product = event.items[0].id if event.items and event.action in _OPENS else ""
        if product and session.height and event.time_ms <= session.last_ms + rules.gap_s * 1e3:
            view = PromptView.of(session)
            if product not in view.products:
                others = _others(view, product, catalogue, opened if beside == "shop" else None, dice)
                if len(others) == OTHERS:
                    shown = dice.sample([product, *others], OTHERS + 1)
                    visit = (event.shopper_id, session.origin_ms)
                    seen = tuple(counts[each] for each in shown)
                    yield Choice(visit, view, tuple(shown), shown.index(product), seen)
        fold(session, event, offset, event.time_ms, rules)
        if product:
            counts[product] += 1
            opened.append(product)


def _others(
    view: PromptView, product: str, catalogue: Catalogue, opened: Sequence[str] | None, dice: random.Random
) -> list[str]:
    """Products that are not in the window, drawn at random: of these categories, or as often as they were opened. The
    whole catalogue fills up what is missing."""
    if opened is None:
        names = dict.fromkeys([*view.categories, catalogue.cards[product].category])
        pool: Sequence[str] = [each for name in names for each in catalogue.by_category.get(name, ())]
    else:
        pool = opened
    drawn = dice.sample(pool, min(len(pool), _DRAWN))
    more = dice.sample(catalogue.products, min(len(catalogue.products), _DRAWN))
    known = {product, *view.products}
    return [each for each in dict.fromkeys([*drawn, *more]) if each not in known][:OTHERS]


def _card(item: Item, known: Card) -> Card:
    """What the latest event tells of a product, and earlier ones where it does not."""
    return Card(
        category=clean(item.category or "", CATEGORY) or known.category,
        brand=clean(item.brand or "", BRAND) or known.brand,
        price=item.price or known.price,
        currency=item.currency or known.currency,
    )
