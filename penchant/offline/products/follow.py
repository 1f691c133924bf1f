"""Follow: the topic of products, with the Kafka, the model, the folder and the Redis that are named, until stopped."""

import asyncio
from contextlib import AsyncExitStack

import structlog

from penchant.offline.products.announcing import announcing
from penchant.offline.products.columns import columns
from penchant.offline.products.following import Follower, Source, Taken
from penchant.offline.products.run import Asked, cards, understood_by
from penchant.offline.products.writing import REJECTS
from penchant.process.signals import until_stopped
from penchant.settings.root import Settings
from streams.errors import Retry, SettingInvalid
from streams.kafka.reader import TopicReader

LOOK_AGAIN_S = 1.0
TRY_AGAIN_S = 5.0

log = structlog.get_logger()


async def follow(settings: Settings, asked: Asked, *, once: bool) -> Taken:
    """Take over what kafka.products_topic says, until SIGTERM or Ctrl-C, or with `once` up to its end as it is now.

    While Kafka, Redis or the model is away it waits, and goes on; with `once` that is raised. It may end in the middle
    of a call: nothing that was noted is lost, and the rest is done again. SettingInvalid where no topic is set,
    TopicMissing.
    """
    if settings.kafka.products_topic is None:
        raise SettingInvalid("kafka.products_topic is not set", "name the topic of products")
    async with AsyncExitStack() as stack:
        understanding, prompts, kept = await stack.enter_async_context(understood_by(settings, asked))
        source = Source(settings.kafka.products_topic, columns(asked.columns), prompts)
        shelf = await stack.enter_async_context(cards(settings))
        announced = await stack.enter_async_context(announcing(settings.kafka))
        follower = Follower(source, understanding, kept, shelf, announced, asked.out / REJECTS, asked.at_once)
        if once:
            async with TopicReader(settings.kafka.options) as reader:
                await follower.catch_up(reader)
        else:
            await until_stopped(_on_and_on(settings, follower))
    return follower.taken


async def _on_and_on(settings: Settings, follower: Follower) -> None:
    while True:
        try:
            async with TopicReader(settings.kafka.options) as reader:
                while True:
                    await follower.catch_up(reader)
                    await asyncio.sleep(LOOK_AGAIN_S)
        except Retry as error:
            log.warning("products.waits", why=str(error), again_in_s=TRY_AGAIN_S)
            await asyncio.sleep(TRY_AGAIN_S)
