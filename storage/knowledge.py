"""Knowledge: what a shop says of its products beyond their titles, one line each. Others write it; we only read."""

import time
from collections.abc import Sequence
from typing import Protocol

from prompts.products.campaigns import current
from storage.connection import Client, ask
from storage.keys import Keys

LONGEST_BYTES = 2_000
"""More is not read: it is one line, of which a prompt shows 160 characters."""


class KnowledgeStore(Protocol):
    """The port to what is known of products. `lines` raises StoreUnavailable or StoreCorrupt."""

    async def lines(self, products: Sequence[str]) -> list[str]: ...


class RedisKnowledge:
    """On Redis: a string under each product's own key. `timeout_s` bounds a read as a whole."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def lines(self, products: Sequence[str]) -> list[str]:
        """The line of each product, in the order asked, in one round trip; empty where there is none.
        A campaign whose time is over is left out."""
        named = [self._keys.knowledge(product) for product in products]
        found = await ask(self._client, [("GETRANGE", key, 0, LONGEST_BYTES - 1) for key in named], self._timeout_s)
        now_ms = time.time() * 1e3
        return [current(line.decode(errors="replace"), now_ms) for line in found]
