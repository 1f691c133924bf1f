"""Follow: into a lake that is named, from the topics of the settings, until stopped."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from penchant.offline.lake.following import Follower, Source, Written
from penchant.offline.lake.lake import Lake
from penchant.offline.lake.place import Place
from penchant.offline.lake.rows import Kind
from penchant.process.signals import until_stopped
from penchant.settings.root import Settings
from streams.errors import Retry, SettingInvalid
from streams.kafka.reader import TopicReader

LOOK_AGAIN_S = 1.0
TRY_AGAIN_S = 5.0

log = structlog.get_logger()


async def follow(settings: Settings, uri: str, every_s: float, *, once: bool) -> Written:
    """Write what kafka.history_topic and kafka.cards_topic say, until SIGTERM or Ctrl-C, or with `once` up to their
    ends as they are now.

    While Kafka or the place of the files is away it waits, and goes on; at the start, and with `once`, that is raised.
    SettingInvalid where no topic is set or the URI is none, TopicMissing, ContractMismatch where somebody else writes.
    """
    sources = _sources(settings)
    written = Written()
    place = Place(uri)
    lake = await asyncio.to_thread(Lake, place)
    if once:
        async with TopicReader(settings.kafka.options) as reader:
            follower = Follower(lake, sources, every_s, time.monotonic)
            await follower.catch_up(reader)
            await follower.write()
        return follower.written

    async def on_and_on() -> None:
        opened = lake
        while True:
            try:
                await _look(settings, Follower(opened, sources, every_s, time.monotonic), written)
            except Retry as error:
                opened = await _opened(place, error)

    await until_stopped(on_and_on())
    return written


async def _opened(place: Place, error: Retry) -> Lake:
    """The lake opened anew after a fault, once that is possible."""
    while True:
        log.warning("lake.waits", why=str(error), again_in_s=TRY_AGAIN_S)
        await asyncio.sleep(TRY_AGAIN_S)
        try:
            return await asyncio.to_thread(Lake, place)
        except Retry as again:
            error = again


async def _look(settings: Settings, follower: Follower, written: Written) -> None:
    """Until something breaks. What was read and not written then is read again."""
    try:
        async with TopicReader(settings.kafka.options) as reader:
            while True:
                await follower.catch_up(reader)
                await asyncio.sleep(LOOK_AGAIN_S)
    finally:
        written.records += follower.written.records
        written.refused += follower.written.refused
        written.missed += follower.written.missed


def _sources(settings: Settings) -> list[Source]:
    kafka = settings.kafka
    named: Sequence[tuple[str | None, Kind]] = ((kafka.history_topic, "intents"), (kafka.cards_topic, "products"))
    sources = [Source(topic, kind) for topic, kind in named if topic]
    if not sources:
        remedy = "set kafka.history_topic, kafka.cards_topic or both, for whoever fills them too"
        raise SettingInvalid("there is no topic to follow", remedy)
    return sources
