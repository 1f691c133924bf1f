"""Examples: some shoppers' events and the intents made of them, read back the way a ranker reads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import convert

from penchant.demo.stage import READ_S, Stage
from prompts.words import describe
from storage.checkpoints import Context
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.errors import StoreUnavailable
from streams.records.intents import Findings
from streams.sessions.packing import load
from streams.sessions.session import Row

if TYPE_CHECKING:
    from penchant_reader import ReadIntent  # of an extra

COUNT = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A shopper: the lines of the session, and the intent through the reader."""

    shopper: str
    rows: list[Row]
    intent: "ReadIntent"


async def examples(stage: Stage) -> list[Example]:
    """Three of the latest shoppers: whom we followed, then those whose intent is of what they did last, one a stage of
    the funnel where there are as many."""
    followed = stage.followed.shopper
    latest = [intent.shopper for intent in stage.worker.meter.latest]
    shoppers = list(dict.fromkeys([*([followed] if followed else []), *latest]))
    redis = stage.settings.redis
    client = redis.connect()
    try:
        contexts = await RedisCheckpoints(client, Keys(redis.namespace), READ_S).load(shoppers)
    except StoreUnavailable:
        return []
    finally:
        await client.aclose()
    intents = await stage.reader.get_many(shoppers, fields="doc")
    candidates = [
        Example(shopper, list(load(context.session).rows()), intent)
        for shopper, context, intent in zip(shoppers, contexts, intents, strict=True)
        if isinstance(context, Context) and not intent.missing
    ]
    return chosen(candidates, followed)


def chosen(candidates: Iterable[Example], followed: str | None = None) -> list[Example]:
    """The three to show: whom we followed, and the longest of a stage before others of it."""
    by_length = sorted(candidates, key=lambda each: len(each.rows), reverse=True)
    fitting = sorted(by_length, key=_strays)
    first_of_stage = {each.intent.stage: each.shopper for each in reversed(fitting)}.values()
    order = sorted(fitting, key=lambda each: (_strays(each), each.shopper not in first_of_stage))
    return sorted(order, key=lambda each: each.shopper != followed)[:COUNT]


def sentence(intent: "ReadIntent") -> str:
    """What an intent that was read with its `doc` says, for a person."""
    doc = intent.doc
    return describe(convert({name: doc[name] for name in Findings.__struct_fields__ if name in doc}, Findings))


def _strays(example: Example) -> bool:
    """Whether the intent is of another category than the product that the shopper looked at last. People change their
    minds within an event or two; an intent takes a few more."""
    last = next((row.item for row in reversed(example.rows) if row.item), None)
    return last is not None and last.category is not None and last.category != example.intent.category
