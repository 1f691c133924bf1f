"""Access: all that is held about one shopper, for whoever asks for their own data. It reads only."""

from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from penchant.settings.root import Settings
from penchant.worker.history import topics_of
from storage.answers import RedisAnswers
from storage.checkpoints import Context
from storage.connection import Client, ask
from storage.erasures import RedisErasures
from storage.keys import Keys
from storage.places import RedisPlaces
from storage.writer import RedisCheckpoints
from streams.kafka.reader import TopicReader
from streams.sessions.packing import load
from streams.sessions.session import Session


@dataclass(frozen=True, slots=True)
class Held:
    """What a `redis` namespace holds; of a `kafka` topic only that its records of this key are the shopper's."""

    store: str
    name: str
    intent: Any = None
    session: Any = None
    owed: int = 0
    answers: Any = ()


@dataclass(frozen=True, slots=True)
class Access:
    """The places that `penchant forget` would reach, with what each holds, and the erasure that stands."""

    shopper: str
    places: tuple[Held, ...]
    erasure: Any

    def as_json(self) -> bytes:
        """For the person, indented."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)


async def access(settings: Settings, shopper: str) -> Access:
    """Look into every namespace and topic that ever held something of shoppers. StoreUnavailable, StoreCorrupt or
    BrokerUnavailable where one cannot be looked at: then nothing is said, for half would pass for the whole."""
    live, within_s = Keys(settings.redis.namespace), settings.redis.timeout_s
    async with AsyncExitStack() as stack:
        redis = settings.redis.connect()
        stack.push_async_callback(redis.aclose)
        reader = await stack.enter_async_context(TopicReader(settings.kafka.options))
        places, erasures = RedisPlaces(redis, live, within_s), RedisErasures(redis, live, within_s)
        partitions = (await reader.log(settings.kafka.topic)).partitions
        names = dict.fromkeys([live.namespace, *await places.read("namespace")])
        owed = {live.namespace: await erasures.owed(shopper, partitions)}
        held = [await _held(redis, live.of(name), shopper, owed.get(name, 0), within_s) for name in names]
        topics = dict.fromkeys([*topics_of(settings.kafka), *await places.read("topic")])
        held += [Held("kafka", topic) for topic in topics if await reader.has(topic)]
        held += [Held("kafka", topic) for topic in (settings.kafka.impressions_topic,) if topic is not None]
        [erasure] = await erasures.markers([shopper])
    return Access(shopper, tuple(held), erasure)


async def _held(redis: Client, keys: Keys, shopper: str, owed: int, within_s: float) -> Held:
    """What a namespace holds. Its fields for rankers say nothing that the document does not."""
    [doc] = await ask(redis, [("HGET", keys.intent(shopper), "doc")], within_s)
    [found] = await RedisCheckpoints(redis, keys, within_s).load([shopper])
    session = _in_words(load(found.session)) if isinstance(found, Context) else None
    answers = [asdict(each) for each in await RedisAnswers(redis, keys, within_s).read(shopper)]
    return Held("redis", keys.namespace, orjson.loads(doc) if doc else None, session, owed, answers)


def _in_words(session: Session) -> Any:
    """The session in words: what was done when, the tally of earlier ones, and what was agreed to."""
    rows = [row._asdict() | {"item": asdict(row.item) if row.item else None} for row in session.rows()]
    return {"events": session.events, "rows": rows, "profile": session.profile, "agreement": session.agreement}
