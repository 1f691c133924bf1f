"""Reasons: what speaks for a product and against it, as codes with the values and events that they rest on.

Nothing here is written by a model: each reason compares fields of the intent, the session and the card, and names them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from agents.match.features import Wants, avoided, is_avoided, overlap, parts, plain, same_currency, serves
from prompts import guard
from prompts.view import Entry, PromptView
from streams.records.cards import Card
from streams.records.intents import Avoid

MOST = 3
"""Reasons on each side, the weightiest first."""

_EVENTS = 3
_NAME = 60
_PREFERRED = 0.5
"""From this share of the interest on, another brand speaks against a product."""

_SENT_BACK = {"removed": "cart_remove", "returned": "refund", "seen-not-clicked": "list_view"}


class Reason(NamedTuple):
    """`values` fill the message of `code`: names, and prices as numbers. `fields` say which parts of intent and card
    are compared, `events` are ids of the session's events that show it, the latest last."""

    code: str
    values: Mapping[str, str | float]
    fields: tuple[str, ...]
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reasons:
    """What speaks for a product, and what against it."""

    pro: tuple[Reason, ...] = ()
    con: tuple[Reason, ...] = ()


def reasons(wants: Wants, view: PromptView | None, product: str, card: Card) -> Reasons:
    """At most three of each side. `view` is of the shopper's session, None where that is not known."""
    pro = [*_attributes(wants, view, card), *_price_within(wants, card), *_brand(wants, view, card)]
    pro += [*_category(wants, view, card), *_mission(wants, card), *_like_last(wants, card)]
    con = [*_avoid(wants, view, product, card), *_price_outside(wants, card), *_other(wants, card)]
    return Reasons(tuple(pro[:MOST]), tuple(con[:MOST]))


def _attributes(wants: Wants, view: PromptView | None, card: Card) -> Iterator[Reason]:
    for each in card.attributes:
        value = plain(each.value)
        if (plain(each.name), value) in wants.attributes:
            searched = _events(view, partial(_searched, value))
            code = "attribute-searched" if searched else "attribute"
            yield Reason(code, {"value": _shown(each.value)}, ("intent.attributes", "card.attributes"), searched)


def _price_within(wants: Wants, card: Card) -> Iterator[Reason]:
    band = wants.band
    if band and card.price and same_currency(band.currency, card.currency) and band.low <= card.price <= band.high:
        said: dict[str, str | float] = {"price": card.price, "currency": card.currency or band.currency}
        yield Reason("price-within", said, ("intent.price_band", "card.price"))


def _price_outside(wants: Wants, card: Card) -> Iterator[Reason]:
    band = wants.band
    if not band or not card.price or not same_currency(band.currency, card.currency):
        return
    currency, fields = card.currency or band.currency, ("intent.price_band", "card.price")
    if card.price > band.high:
        yield Reason("price-above", {"over": card.price - band.high, "currency": currency}, fields)
    elif card.price < band.low:
        yield Reason("price-below", {"under": band.low - card.price, "currency": currency}, fields)


def _brand(wants: Wants, view: PromptView | None, card: Card) -> Iterator[Reason]:
    brand = plain(card.brand)
    if brand and brand in wants.brands:
        shown = _events(view, lambda entry: brand == plain(_of(view, entry, "brand")))
        yield Reason("brand", {"brand": _shown(card.brand)}, ("intent.brands", "card.brand"), shown)


def _category(wants: Wants, view: PromptView | None, card: Card) -> Iterator[Reason]:
    path = parts(card.category)
    nearest = max((overlap(wanted, path) for wanted in wants.categories), default=0.0)
    if nearest:
        code = "category" if nearest == 1 else "category-near"
        shared = max((_shared(wanted, path) for wanted in wants.categories), key=len)
        shown = _events(view, lambda entry: parts(_of(view, entry, "category"))[: len(shared)] == shared)
        yield Reason(code, {"category": _kind(shared)}, ("intent.categories", "card.category"), shown)


def _mission(wants: Wants, card: Card) -> Iterator[Reason]:
    if wants.intent and serves(wants.intent, card):
        said = {"mission": _shown(wants.intent.mission.label.replace("-", " "))}
        yield Reason("mission", said, ("intent.mission", "card.segments"))


def _like_last(wants: Wants, card: Card) -> Iterator[Reason]:
    """What is known of a shopper without an intent."""
    if wants.intent is not None:
        return
    if wants.last.brand and plain(wants.last.brand) == plain(card.brand):
        yield Reason("last-brand", {"brand": _shown(card.brand)}, ("session.last", "card.brand"))
    if wants.last_path and wants.last_path == parts(card.category):
        yield Reason("last-category", {"category": _kind(wants.last_path)}, ("session.last", "card.category"))


def _avoid(wants: Wants, view: PromptView | None, product: str, card: Card) -> Iterator[Reason]:
    for each in avoided(wants.intent, product, card):
        named = _kind(parts(each.value)) if each.kind == "category" else _shown(each.value)
        shown = _events(view, partial(_sent_back, view, each)) if view else ()
        yield Reason(f"{each.kind}-{each.reason}", {"name": named}, ("intent.avoid", f"card.{each.kind}"), shown)


def _other(wants: Wants, card: Card) -> Iterator[Reason]:
    """Another kind of product, or another brand than the one that has most of the interest."""
    path, brand = parts(card.category), plain(card.brand)
    if path and wants.categories and not any(overlap(wanted, path) for wanted in wants.categories):
        yield Reason("category-other", {"category": _kind(path)}, ("intent.categories", "card.category"))
    if brand and brand not in wants.brands and wants.brands.get(wants.brand, 0.0) >= _PREFERRED:
        said = {"brand": _shown(card.brand), "wanted": _shown(_spelt(wants))}
        yield Reason("brand-other", said, ("intent.brands", "card.brand"))


def _spelt(wants: Wants) -> str:
    """The leading brand as the intent writes it."""
    brands = wants.intent.brands if wants.intent else ()
    return next((each.name for each in brands if plain(each.name) == wants.brand), wants.brand)


def _events(view: PromptView | None, shows: Callable[[Entry], bool]) -> tuple[str, ...]:
    """The last events that show it, the latest last."""
    shown: dict[str, None] = {}
    for entry in reversed(view.entries if view else ()):
        if shows(entry):
            shown[entry.event_id] = None
        if len(shown) == _EVENTS:
            break
    return tuple(reversed(shown))


def _searched(value: str, entry: Entry) -> bool:
    return value in plain(entry.query).split() or (" " in value and value in plain(entry.query))


def _sent_back(view: PromptView, avoid: Avoid, entry: Entry) -> bool:
    """Whether an entry does to a product what the intent says of it, or of its brand or category."""
    if entry.product is None or entry.action != _SENT_BACK[avoid.reason]:
        return False
    told = Card(category=_of(view, entry, "category"), brand=_of(view, entry, "brand"))
    return is_avoided(avoid, view.products[entry.product.number - 1], told)


def _of(view: PromptView | None, entry: Entry, what: str) -> str:
    """The category or brand of an entry's product."""
    if view is None or entry.product is None:
        return ""
    number: int = getattr(entry.product, what)
    names = view.categories if what == "category" else view.brands
    return names[number - 1] if number else ""


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return one[: round(overlap(one, other) * max(len(one), len(other), 1))]


def _kind(path: tuple[str, ...]) -> str:
    """The narrowest part of a category's path, as people read it."""
    return _shown(path[-1].replace("_", " ").replace("-", " ")) if path else ""


def _shown(text: str) -> str:
    """A name that sellers wrote, for people to read: one line without links and contacts."""
    return guard.plain(text, _NAME)
