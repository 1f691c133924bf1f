"""Stores: where a worker keeps sessions, intents and what it knows of erasures."""

from collections.abc import Callable
from dataclasses import dataclass

from agents.health.statistics import Meter
from agents.worker.build import StorePorts
from agents.worker.erasures import Erasures
from penchant.settings.root import Settings
from penchant.worker.admission import Admission
from penchant.worker.experiments import clock_ms
from storage.connection import Client
from storage.erasures import RedisErasures
from storage.freezable import FreezableStore
from storage.keys import Keys
from storage.watermarks import Watermarks
from storage.writer import RedisCheckpoints
from streams.kafka.erasure_topic import ErasureReader
from streams.kafka.reader import TopicReader


@dataclass(frozen=True, slots=True)
class Stores:
    """`kept` is what the worker's own parts take; `to_redis` is what else is made of: client, keys, seconds."""

    to_redis: tuple[Client, Keys, float]
    checkpoints: RedisCheckpoints
    erasures: Erasures
    kept: StorePorts


def stores_of(  # told apart by their types
    settings: Settings,
    redis: Client,
    erasures_topic: TopicReader,
    admission: Admission,
    name: str,
    frozen: Callable[[], str | None],
    meter: Meter,
) -> Stores:
    """All of a worker called `name`; `frozen` says who has stopped writes."""
    to_redis = redis, Keys(settings.redis.namespace), settings.redis.timeout_s
    watermarks, lineage = Watermarks(*to_redis), admission.lineage
    checkpoints = RedisCheckpoints(*to_redis, watermarks, meter.timings.add_round_trip)
    store = FreezableStore(checkpoints, frozen)
    topic = ErasureReader(erasures_topic, settings.kafka.erasure_topic)
    erasures = Erasures(RedisErasures(*to_redis, watermarks), store, lineage.number, topic)
    kept = StorePorts(
        store=store, name=name, clock_ms=clock_ms, lineage=lineage.number, starts=lineage.starts, erased=erasures.of,
        default_purposes=settings.privacy.default_purposes,
    )  # fmt: skip
    return Stores(to_redis, checkpoints, erasures, kept)
