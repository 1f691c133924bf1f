"""Examples: some shoppers' events and the intents made of them, read back the way a ranker reads them."""

from dataclasses import dataclass

from penchant_reader import AsyncIntentReader, ReadIntent

from penchant.demo.stage import Stage
from storage.checkpoints import Context
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.errors import StoreUnavailable
from streams.records.intents import Intent
from streams.sessions.packing import load
from streams.sessions.session import Row

COUNT = 3
READ_S = 1.0


@dataclass(frozen=True, slots=True)
class Example:
    """A shopper: the lines of the session, and the intent through the reader."""

    shopper: str
    rows: list[Row]
    intent: ReadIntent


async def examples(stage: Stage) -> list[Example]:
    """Three of the latest shoppers, one a stage of the funnel where there are as many."""
    shoppers = _varied(list(stage.worker.meter.latest))
    redis = stage.settings.redis
    client = redis.connect()
    try:
        contexts = await RedisCheckpoints(client, Keys(redis.namespace), READ_S).load(shoppers)
    except StoreUnavailable:
        return []
    finally:
        await client.aclose()
    async with AsyncIntentReader(
        stage.stack.reader_url, namespace=redis.namespace, timeout_s=READ_S, cluster=redis.cluster
    ) as reader:
        intents = await reader.get_many(shoppers, fields="doc")
    return [
        Example(shopper, list(load(context.session).rows()), intent)
        for shopper, context, intent in zip(shoppers, contexts, intents, strict=True)
        if isinstance(context, Context) and not intent.missing
    ]


def _varied(latest: list[Intent]) -> list[str]:
    by_stage: dict[str, str] = {}
    for intent in sorted(latest, key=lambda intent: intent.window.events):
        by_stage[intent.stage] = intent.shopper
    rest = [intent.shopper for intent in latest if intent.shopper not in by_stage.values()]
    return [*dict.fromkeys([*by_stage.values(), *rest])][:COUNT]
