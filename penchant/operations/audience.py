"""Audience: whom a product interests now, by a bounded look at the live intents: in Redis, or in their topic."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from agents.match.audience import FEWEST, Audience, counted
from penchant.operations.activity_topic import copy_activity
from penchant.operations.match import check_id
from penchant.settings.root import Settings
from storage.activity import Activity, append_activity
from storage.cards import RedisCards
from storage.connection import Client, Command, ask
from storage.keys import Keys
from storage.scan import shoppers
from streams.errors import EventRefused, SettingInvalid
from streams.events.decoding import Record
from streams.events.event import Item
from streams.events.sensitivity import Sensitivity
from streams.kafka.reader import TopicReader
from streams.records.cards import Card
from streams.records.history import Readable
from streams.records.intents import Intent

NOT_MADE = "workers make kafka.intents_topic when they start with it"

Source = Literal["redis", "topic"]
"""Where intents are looked at: the live ones in Redis, or the last of each shopper in kafka.intents_topic."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Ids are asked for: by whom, and why."""

    who: str
    why: str = ""


@dataclass(slots=True)
class Cost:
    """What a look came to. `looked_at`: intents in Redis, or records of the topic. `whole`: it saw all that were there,
    not only some. `unreadable` ones count for nothing, and so do those of the topic that have `ended`."""

    source: Source = "redis"
    looked_at: int = 0
    unreadable: int = 0
    ended: int = 0
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
            "source": cost.source,
            "looked_at": cost.looked_at,
            "unreadable": cost.unreadable,
            "ended": cost.ended,
            "read_bytes": cost.read_bytes,
            "took_s": round(cost.took_s, 3),
            "whole": cost.whole,
            **({} if self.ids is None else {"ids": list(self.ids)}),
        }


async def audience(
    settings: Settings,
    product: str,
    most: int,
    listing: Listing | None = None,
    visited: int | None = None,
    source: Source = "redis",
) -> Found:
    """Look at `most` intents at the most, in Redis among `visited` keys of any kind where that is given, in the topic
    at the newest records. With a listing, the ids of those who agreed to advertising come too; the activity log has it
    before anybody sees them.

    SettingInvalid where the product has no card that says what it is, where there is no topic of intents, and where ids
    may not be listed: these settings do not allow it, the product is sensitive, or they are too few. StoreUnavailable,
    StoreCorrupt; from the topic TopicMissing, BrokerUnavailable, ContractMismatch.
    """
    if listing and not settings.privacy.audience_ids:
        remedy = "set privacy.audience_ids = true, or ask for counts alone"
        raise SettingInvalid("these settings list no ids of an audience", remedy)
    redis, keys = settings.redis.connect(), Keys(settings.redis.namespace)
    try:
        card = await _card(settings, redis, keys, product)
        if listing:
            _harmless(settings, product, card)
        found, cost = Audience(product, card), Cost(source)
        began_s = asyncio.get_running_loop().time()
        if source == "topic":
            await _read(settings, found, cost, most)
        else:
            await _scan(settings, redis, keys, found, cost, most, visited)
        cost.took_s = asyncio.get_running_loop().time() - began_s
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
                found.look(Intent.load(doc))
            except ValueError:
                cost.unreadable += 1


async def _read(settings: Settings, found: Audience, cost: Cost, most: int) -> None:
    """The newest records of the topic, each partition's share of them in order, so that a shopper's last one counts."""
    topic, now_ms = settings.kafka.intents_topic, time.time() * 1e3
    if topic is None:
        raise SettingInvalid("there is no topic of intents", "set kafka.intents_topic, for the workers too")
    async with TopicReader(settings.kafka.options) as reader:
        log = await reader.log(topic, NOT_MADE)
        begins = await reader.beginnings(log)
        share = max(1, most // log.partitions)
        firsts = {number: max(begin, log.ends[number] - share) for number, begin in begins.items()}
        cost.whole = firsts == dict(begins)
        firsts = {number: first for number, first in firsts.items() if first < log.ends[number]}
        async with aclosing(reader.scan(log, firsts)) as scan:
            async for _, records in scan:
                for record in records:
                    _take(record, found, cost, now_ms)


def _take(record: Record, found: Audience, cost: Cost, now_ms: float) -> None:
    """One record: an intent, or a tombstone. What cannot be read stands in place of the intent before it too."""
    cost.looked_at += 1
    cost.read_bytes += len(record.value or b"")
    found.drop((record.key or b"").decode(errors="replace"))
    if record.value is None:
        return
    try:
        readable = Readable.load(record.value)
    except EventRefused:
        cost.unreadable += 1
        return
    if readable.expires_at_ms <= now_ms:
        cost.ended += 1
    else:
        found.look(readable.intent)


async def _noted(
    settings: Settings, redis: Client, keys: Keys, product: str, ids: Sequence[str], listing: Listing
) -> None:
    if counted(len(ids)) is None:
        fault = f"fewer than {FEWEST} of those whom {product} interests agreed to advertising"
        raise SettingInvalid(fault, "ask for counts alone")
    entry = Activity("audience", product, f"{len(ids)} ids", listing.who, listing.why)
    await append_activity(redis, keys, settings.redis.timeout_s, entry)
