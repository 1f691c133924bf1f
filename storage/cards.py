"""Cards of products, and all that a match needs of a shopper and some products in one round trip."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prompts.products.campaigns import current
from storage.connection import Client, Command, ask
from storage.keys import Keys
from streams.errors import ContextCorrupt, StoreCorrupt
from streams.records.cards import Card
from streams.records.intents import Intent
from streams.sessions.packing import load
from streams.sessions.session import Session

LONGEST_BYTES = 8_000
"""A longer card is not read."""

MOST_CATEGORIES = 1_000
"""Categories of cards that are kept, those written last."""


@dataclass(frozen=True, slots=True)
class Known:
    """What stands in Redis: None where there is nothing. `purposes` are those that the shopper agreed to, None where
    the writer does not say. Products without a card are not in `cards`; `unreadable` names those whose card is none."""

    intent: Intent | None
    purposes: frozenset[str] | None
    session: Session | None
    cards: Mapping[str, Card]
    unreadable: tuple[str, ...]


class RedisCards:
    """On Redis: a string of JSON under each product's own key. `timeout_s` bounds each call as a whole."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def known(self, shopper: str, products: Sequence[str]) -> Known:
        """A shopper's intent and session, and the products' cards. A session that cannot be read is none. Raises
        StoreUnavailable, and StoreCorrupt for an intent that is none or a key of another type."""
        key = self._keys.intent(shopper)
        replies = await ask(
            self._client,
            [
                ("HMGET", key, "doc", "purposes"),
                ("HGET", self._keys.context(shopper), "session"),
                *(("GETRANGE", self._keys.card(product), 0, LONGEST_BYTES) for product in products),
            ],
            self._timeout_s,
        )
        (doc, purposes), packed, *texts = replies
        read = {product: _card(text) for product, text in zip(products, texts, strict=True) if text}
        cards = {product: card for product, card in read.items() if card is not None}
        return Known(
            _intent(key, doc),
            None if purposes is None else frozenset(filter(None, purposes.decode(errors="replace").split(","))),
            _session(packed),
            cards,
            tuple(product for product in read if product not in cards),
        )

    async def read(self, product: str) -> Card | None:
        """A product's card; None where there is none, or one that cannot be read. Raises StoreUnavailable."""
        [text] = await ask(self._client, [("GETRANGE", self._keys.card(product), 0, LONGEST_BYTES)], self._timeout_s)
        return _card(text) if text else None

    async def write(self, cards: Mapping[str, Card], lines: Mapping[str, str] | None = None) -> None:
        """Write cards with their categories, and lines of knowledge; each replaces what stood there, an empty line
        takes it away. A line is written without a campaign whose time is over. Raises StoreUnavailable."""
        now_ms = int(time.time() * 1e3)
        commands: list[Command] = [("SET", self._keys.card(product), dumped(card)) for product, card in cards.items()]
        for product, line in (lines or {}).items():
            key, said = self._keys.knowledge(product), current(line, now_ms)
            commands.append(("SET", key, said.encode()) if said else ("DEL", key))
        if categories := sorted({card.category for card in cards.values() if card.category}):
            scored = [part for name in categories for part in (now_ms, name)]
            commands.append(("ZADD", self._keys.shelf, *scored))
            commands.append(("ZREMRANGEBYRANK", self._keys.shelf, 0, -MOST_CATEGORIES - 1))
        await ask(self._client, commands, self._timeout_s)

    async def remove(self, products: Sequence[str]) -> None:
        """Delete cards and lines; those that are not there are no error. Raises StoreUnavailable."""
        named = [key for product in products for key in (self._keys.card(product), self._keys.knowledge(product))]
        await ask(self._client, [("DEL", key) for key in named], self._timeout_s)


def dumped(card: Card) -> bytes:
    """A card as it stands in Redis: what is not known is left out."""
    return card.model_dump_json(exclude_defaults=True).encode()


def _card(text: bytes) -> Card | None:
    try:
        return Card.model_validate_json(text)
    except ValueError:  # a shop may write cards of its own: one that is none must not cost the others
        return None


def _intent(key: str, doc: bytes | None) -> Intent | None:
    try:
        return Intent.load(doc) if doc else None
    except ValueError as exc:
        raise StoreCorrupt(key, str(exc)) from exc


def _session(packed: bytes | None) -> Session | None:
    try:
        return load(packed) if packed else None
    except ContextCorrupt:
        return None
