"""Audience: whom a product interests now, by a bounded scan of the live intents."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agents.match.audience import FEWEST, Audience, counted
from penchant.operations.activity_topic import copy_activity
from penchant.operations.match import check_id
from penchant.settings.root import Settings
from storage.activity import Activity, append_activity
from storage.cards import RedisCards
from storage.connection import Client, Command, ask
from storage.keys import Keys
from storage.scan import shoppers
from streams.errors import SettingInvalid
from streams.events.event import Item
from streams.events.sensitivity import Sensitivity
from streams.records.cards import Card
from streams.records.intents import Intent


@dataclass(frozen=True, slots=True)
class Listing:
    """Ids are asked for: by whom, and why."""

    who: str
    why: str = ""


@dataclass(slots=True)
class Cost:
    """What a scan came to. `whole`: it saw all intents that were there, not only the first. `unreadable` ones count for
    nothing."""

    looked_at: int = 0
    unreadable: int = 0
    read_bytes: int = 0
    took_s: float = 0.0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a product interests, and what it cost to find out. `ids` are None where nobody asked for them."""

    product: str
    audience: Audience
    cost: Cost
    ids: Sequence[str] | None = None

    def report(self) -> dict[str, Any]:
        """As JSON; a count that is too small to be told is null."""
        segments = [
            segment.model_dump(exclude_none=True) | {"shoppers": counted(number)}
            for segment, number in self.audience.segments.items()
        ]
        cost = self.cost
        return {
            "product": self.product,
            "shoppers": counted(len(self.audience.shoppers)),
            "segments": segments,
            "fewest": FEWEST,
            "looked_at": cost.looked_at,
            "unreadable": cost.unreadable,
            "read_bytes": cost.read_bytes,
            "took_s": round(cost.took_s, 3),
            "whole": cost.whole,
            **({} if self.ids is None else {"ids": list(self.ids)}),
        }


async def audience(
    settings: Settings, product: str, most: int, listing: Listing | None = None, visited: int | None = None
) -> Found:
    """Look at `most` intents at the most, among `visited` keys of any kind where that is given. With a listing, the ids
    of those who agreed to advertising come too; the activity log has it before anybody sees them.

    SettingInvalid where the product has no card that says what it is, and where ids may not be listed: these settings
    do not allow it, the product is sensitive, or they are too few. StoreUnavailable, StoreCorrupt.
    """
    if listing and not settings.privacy.audience_ids:
        remedy = "set privacy.audience_ids = true, or ask for counts alone"
        raise SettingInvalid("these settings list no ids of an audience", remedy)
    redis, keys = settings.redis.connect(), Keys(settings.redis.namespace)
    try:
        card = await _card(settings, redis, keys, product)
        if listing:
            _harmless(settings, product, card)
        found, cost = Audience(product, card), Cost()
        await _scan(settings, redis, keys, found, cost, most, visited)
        ids = found.agreed if listing else None
        if listing and ids is not None:
            await _noted(settings, redis, keys, product, ids, listing)
    finally:
        await redis.aclose()
    if listing:
        await copy_activity(settings)
    return Found(product, found, cost, ids)


async def _card(settings: Settings, redis: Client, keys: Keys, product: str) -> Card:
    check_id("product", product)
    card = await RedisCards(redis, keys, settings.redis.timeout_s).read(product)
    if card is None or not card.category:
        fault = f"{product} has no card" if card is None else f"the card of {product} has no category"
        raise SettingInvalid(fault, "write it with penchant products run --publish, category and all")
    return card


def _harmless(settings: Settings, product: str, card: Card) -> None:
    words = " ".join([card.code, *(each.value for each in card.attributes)])
    verdict = Sensitivity(settings.privacy).of_item(
        Item(id=product, title=words or None, category=card.category, brand=card.brand or None)
    )
    if verdict.handling != "allow":
        remedy = "ask for counts alone; if the pattern is wrong, name it in privacy.allow"
        raise SettingInvalid(f"{product} is sensitive ({verdict.pattern}): no ids are listed", remedy)


async def _scan(
    settings: Settings, redis: Client, keys: Keys, found: Audience, cost: Cost, most: int, visited: int | None
) -> None:
    now = asyncio.get_running_loop().time
    began_s = now()

    def cut() -> None:
        cost.whole = False

    async for some in shoppers(redis, keys, most, visited, cut):
        commands: list[Command] = [("HGET", keys.intent(shopper), "doc") for shopper in some]
        for doc in await ask(redis, commands, settings.redis.timeout_s):
            cost.looked_at += 1
            if doc is None:  # it ended meanwhile
                continue
            cost.read_bytes += len(doc)
            try:
                found.look(Intent.model_validate_json(doc))
            except ValidationError:
                cost.unreadable += 1
    cost.took_s = now() - began_s


async def _noted(
    settings: Settings, redis: Client, keys: Keys, product: str, ids: Sequence[str], listing: Listing
) -> None:
    if counted(len(ids)) is None:
        fault = f"fewer than {FEWEST} of those whom {product} interests agreed to advertising"
        raise SettingInvalid(fault, "ask for counts alone")
    entry = Activity("audience", product, f"{len(ids)} ids", listing.who, listing.why)
    await append_activity(redis, keys, settings.redis.timeout_s, entry)
