"""Activity topic: what stands in the activity log goes to a topic too, where one is set, and is kept there by time."""

import asyncio
from dataclasses import asdict

import orjson
import structlog

from penchant.settings.root import Settings
from storage.activity import note_copied, read_uncopied
from storage.keys import Keys
from streams.errors import Retry, Stop
from streams.kafka.producer import producing

WITHIN_S = 5.0
"""How long whoever decides something waits for Kafka."""

log = structlog.get_logger()


async def copy_activity(settings: Settings) -> int:
    """Append what the topic lacks, the oldest first; returns how many entries.

    A switch works while Kafka is away: what cannot be copied now is said, and goes with the next decision or look at
    the log. An entry may come twice, under one key.
    """
    if settings.kafka.activity_topic is None:
        return 0
    try:
        async with asyncio.timeout(WITHIN_S):
            return await _copy(settings, settings.kafka.activity_topic)
    except (Retry, Stop, TimeoutError) as error:
        why = str(error).partition("\n")[0] or f"no answer within {WITHIN_S:g} s"
        topic = settings.kafka.activity_topic
        log.error("activity.not_copied", topic=topic, why=why, then="the next decision does it")  # noqa: TRY400 # `why`
        return 0


async def _copy(settings: Settings, topic: str) -> int:
    redis, keys, timeout_s = settings.redis.connect(), Keys(settings.redis.namespace), settings.redis.timeout_s
    try:
        entries = await read_uncopied(redis, keys, timeout_s)
        if not entries:
            return 0
        async with producing(settings.kafka.options, WITHIN_S) as producer:
            values = [(number, orjson.dumps(asdict(entry) | {"id": number})) for number, entry in entries]
            await producer.acknowledged(
                topic, [await producer.put(topic, key.encode(), value) for key, value in values]
            )
        await note_copied(redis, keys, timeout_s, entries[-1][0])
        return len(entries)
    finally:
        await redis.aclose()
