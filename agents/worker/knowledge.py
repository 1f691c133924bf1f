"""Knowledge: what a shop says of the products in a session, read when a call is due and kept in memory.

It is the one input of a prompt that the log does not hold. A line that was read stays as it is for `hold_s`, and so
does its absence: meanwhile prompts of a shopper keep their beginning, and all the shoppers' calls ask for it once.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Annotated

import structlog
from pydantic import Field

from storage.knowledge import KnowledgeStore
from streams.errors import StoreCorrupt, StoreUnavailable
from streams.events.event import Item
from streams.section import Products, SecondsOrZero, section, unit
from streams.sessions.session import Session

log = structlog.get_logger()


@section
class KnowledgeRules:
    """What the shop says of its products: one line each, in Redis, for the prompts of those who look at them."""

    enabled: bool = False
    """Whether to read it. Prompts tell it from version v2 on."""
    timeout_ms: Annotated[float, Field(gt=0, le=1_000), unit("milliseconds")] = 20.0
    """The longest that a call waits for it. What does not come in time is not told."""
    hold_s: SecondsOrZero = 3_600.0
    """How long a line, or its absence, is held before it is read again. While it is held, prompts keep their
    beginning."""
    max_products: Products = 50_000
    """The most products whose lines are held, on one worker; the latest used stay."""
    pause_s: SecondsOrZero = 30.0
    """After a failed read nothing is read for this long: a store that is away costs the calls of one moment a wait, and
    those after them nothing."""


class Knowledge:
    """What is known, for whoever renders: `line`; and who sees to it that it is: `learn`."""

    def __init__(self, store: KnowledgeStore, rules: KnowledgeRules) -> None:
        self._store, self._rules = store, rules
        self._held: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._paused_until_s = float("-inf")

    def line(self, product: str) -> str:
        """What the shop says of a product, as far as it is held; else the empty string. Waits for nothing."""
        return self._held.get(product, (0.0, ""))[1]

    async def learn(self, session: Session) -> None:
        """Read what is not held of the session's products, in one go. Never fails: what cannot be read is not known,
        and what was known before stays."""
        products = dict.fromkeys(subject.id for subject in session.subjects if isinstance(subject, Item))
        now_s = asyncio.get_running_loop().time()
        wanted = [product for product in products if self._held.get(product, (now_s, ""))[0] <= now_s]
        if wanted and now_s >= self._paused_until_s:
            await self._read(wanted, now_s)
        self._keep(products)

    async def _read(self, products: list[str], now_s: float) -> None:
        until_s = now_s + self._rules.hold_s
        try:
            lines = await self._store.lines(products)
        except StoreUnavailable as error:
            self._paused_until_s = now_s + self._rules.pause_s
            log.warning("knowledge.away", error=str(error), then=f"prompts do without it for {self._rules.pause_s:g} s")
            return
        except StoreCorrupt as error:
            log.warning("knowledge.corrupt", key=error.key, then="its product and those read with it stay as they were")
            until_s, lines = now_s + self._rules.pause_s, [self.line(product) for product in products]
        for product, line in zip(products, lines, strict=True):
            self._held[product] = until_s, line

    def _keep(self, products: Iterable[str]) -> None:
        """The session's products are the latest used; the least are let go."""
        for product in products:
            if product in self._held:
                self._held.move_to_end(product)
        while len(self._held) > self._rules.max_products:
            self._held.popitem(last=False)
