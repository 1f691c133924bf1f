"""Settled: whether what stands in Redis is what the log says, once everything has had time to come to rest."""

import asyncio
from collections.abc import Sequence

from penchant.settings.root import Settings
from storage.checkpoints import Context, Erased
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.records.intents import Intent
from streams.sessions.packing import load
from tests.chaos.truth import Truth, Unpack, wrong_context, wrong_intent
from tests.e2e.shop import until
from tests.kafka import Kafka

WITHIN_S = 180
"""It takes half a minute on an idle machine."""

NOT_THE_FOLD = (
    "is not the fold of the log",
    "is not what the model says of the log up to",
    "beyond the last event that is new or in time",
)
"""What is said of sessions that began anew somewhere: to them what came before is new once more."""


async def settled(
    kafka: Kafka, settings: Settings, truth: Truth, unpack: Unpack = load, but: Sequence[str] = ()
) -> list[str]:
    """Wait until the lag is zero, nothing is owed and nothing is wrong; returns what is still wrong after a while,
    `but` for findings that say one of these. `unpack` reads sessions as the last workers packed them."""
    wrong: list[str] = ["not looked at yet"]

    async def quiet() -> bool:
        nonlocal wrong
        found = await _wrong(kafka, settings, truth, unpack)
        wrong = [each for each in found if not any(said in each for said in but)]
        return not wrong

    try:
        await until(quiet, within_s=WITHIN_S)
    except TimeoutError:
        return wrong
    return wrong


async def _wrong(kafka: Kafka, settings: Settings, truth: Truth, unpack: Unpack) -> list[str]:
    wrong = [
        f"partition {number}: committed {at}, the end is {end}"
        for number, end in truth.ends.items()
        if (at := await kafka.committed(settings.kafka.group, settings.kafka.topic, number)) != end
    ]
    shoppers = sorted(truth.events)
    client, keys = settings.redis.connect(), Keys(settings.redis.namespace)
    try:
        store = RedisCheckpoints(client, keys, 5)
        contexts = await store.load(shoppers)
        docs = [await client.hget(keys.intent(shopper), "doc") for shopper in shoppers]
        wrong += [f"partition {number} owes {owed}" for number in truth.ends if (owed := await store.owed(number))]
    finally:
        await client.aclose()
    # In a thread: what the workers' Redis may be behind runs in this event loop.
    return wrong + await asyncio.to_thread(_compare, shoppers, contexts, docs, truth, settings, unpack)


def _compare(
    shoppers: list[str],
    contexts: Sequence[Context | Erased | None],
    docs: Sequence[bytes | str | None],
    truth: Truth,
    settings: Settings,
    unpack: Unpack,
) -> list[str]:
    wrong = []
    for shopper, found, doc in zip(shoppers, contexts, docs, strict=True):
        entries = truth.since(shopper, found.marker if found is not None else None)
        context = found if isinstance(found, Context) else None
        intent = Intent.load(doc) if doc else None
        problems = [wrong_context(context, entries, settings, unpack), wrong_intent(shopper, intent, entries, settings)]
        wrong += [f"{shopper}: {problem}" for problem in problems if problem]
    return wrong
