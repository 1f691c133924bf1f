"""Forgetting: erase, do one thing more, lose Redis, read everything again: nothing from before is there."""

import asyncio

import pytest
from penchant_reader import AsyncIntentReader

from agents.replay.calls import ReplayCounts
from penchant.operations.forget import SLICE, Place, forget
from penchant.operations.inspection.access import access
from penchant.operations.replay.plan import ReplayPlan
from penchant.operations.replay.progress import Progress
from penchant.operations.replay.run import replay
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker
from sandbox.servers.triton import TritonServer
from storage.checkpoints import Context
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.events.decoding import encode
from streams.kafka.moments import Moment
from streams.sessions.packing import load
from streams.sessions.session import Session
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]

ALL = {"shopper-0", "shopper-1", "shopper-2"}


async def test_nothing_from_before_an_erasure_comes_back(
    real_kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """The keys go at once, a running worker forgets too, and neither a lost Redis nor a second reading of the whole
    topic brings anything back. What the shopper did since is there; others lose nothing."""
    topic = await real_kafka.topic(1)
    settings = make_settings(real_kafka, topic, model_server.grpc_address)
    before, after = events(3, 3), events(3, 4)[9:]
    async with worker(settings):
        await send(real_kafka, topic, 1, before)
        await until(lambda: _have(settings, dict.fromkeys(ALL, 3)))
        [receipt] = (await forget(settings, ["shopper-0"])).receipts
        assert receipt.places == (Place("redis", settings.redis.namespace, intents=1, contexts=1),)
        assert receipt.events_count_from == (9,)
        assert set(await _intents(settings)) == ALL - {"shopper-0"}
        await send(real_kafka, topic, 1, after)
        await until(lambda: _have(settings, {"shopper-0": 1, "shopper-1": 4, "shopper-2": 4}))
    await _lose(settings, "")
    await real_kafka.commit(settings.kafka.group, topic, 0)
    async with worker(settings):
        await until(lambda: _have(settings, {"shopper-0": 1, "shopper-1": 4, "shopper-2": 4}))
    assert {who: found.event_ids for who, found in (await _sessions(settings)).items()}["shopper-0"] == ["e3-0"]


async def test_what_was_done_before_and_comes_late_counts_for_nothing(
    real_kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """A rekey that was behind writes to places after the erasure, with the times of before. And a marker that somebody
    deleted is put back: the shopper's next event is stored, once."""
    topic = await real_kafka.topic(1)
    settings = make_settings(real_kafka, topic, model_server.grpc_address)
    async with worker(settings) as running:
        await send(real_kafka, topic, 1, events(1, 2))
        await until(lambda: _have(settings, {"shopper-0": 2}))
        [receipt] = (await forget(settings, ["shopper-0"])).receipts
        late = encode(events(1, 3)[2])
        await real_kafka.produce(topic, [late], keys=[b"shopper-0"], timestamp_ms=receipt.number - 1)
        await until(lambda: _counted(running, erased=1))
        assert await _sessions(settings) == {}
        await _lose(settings, "erasure")
        await send(real_kafka, topic, 1, events(1, 4)[3:])
        await until(lambda: _have(settings, {"shopper-0": 1}))
        assert running.meter.stale_writes <= 3


async def test_who_opted_out_is_left_alone_until_they_opt_in(
    real_kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """No session, no call, no intent: not by a running worker, nor after Redis was lost and everything read again, nor
    after a plain erasure. The next thing they do after they opted in counts."""
    topic = await real_kafka.topic(1)
    settings = make_settings(real_kafka, topic, model_server.grpc_address)
    async with worker(settings) as running:
        await send(real_kafka, topic, 1, events(2, 2))
        await until(lambda: _have(settings, {"shopper-0": 2, "shopper-1": 2}))
        [receipt] = (await forget(settings, ["shopper-0"], "opt_out")).receipts
        assert receipt.opted_out
        asked_s = asyncio.get_running_loop().time()
        await until(lambda: _heard(running, asked_s))  # what is folded before goes without being counted
        await send(real_kafka, topic, 1, events(2, 3)[4:])
        await until(lambda: _have(settings, {"shopper-1": 3}))
        await until(lambda: _counted(running, opted_out=1))
    [receipt] = (await forget(settings, ["shopper-0"])).receipts
    assert receipt.opted_out
    await _lose(settings, "")
    await real_kafka.commit(settings.kafka.group, topic, 0)
    async with worker(settings) as running:
        await until(lambda: _have(settings, {"shopper-1": 3}))
        assert running.meter.opted_out == 3
        assert (await forget(settings, ["shopper-1"], "opt_in")).unchanged == ["shopper-1"]
        await forget(settings, ["shopper-0"], "opt_in")
        await send(real_kafka, topic, 1, events(2, 4)[6:])
        await until(lambda: _have(settings, {"shopper-0": 1, "shopper-1": 4}))


async def test_every_place_is_reached_and_named(
    real_kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """The namespace of a replay, and the topic of intents, too; what a shopper is told is held is just what goes.
    Many at once are erased in slices."""
    topic = await real_kafka.topic(1)
    shown = await real_kafka.topic(1)
    sections: dict[str, dict[str, object]] = {
        "kafka": {"history_topic": f"{topic}.history", "impressions_topic": shown, "impressions_group": shown},
        "answers": {"share": 1.0},
    }
    settings = make_settings(real_kafka, topic, model_server.grpc_address, **sections)
    beside = f"{settings.redis.namespace}-replay"
    async with worker(settings):
        await send(real_kafka, topic, 1, events(2, 2))
        await until(lambda: _have(settings, {"shopper-0": 2, "shopper-1": 2}))
        await until(lambda: _keeps(settings))
    await replay(settings, ReplayPlan(Moment(offset=0), Moment(), namespace=beside), Progress(ReplayCounts()))
    assert await _intents(settings, beside) == {"shopper-0": 2, "shopper-1": 2}
    found = await access(settings, "shopper-0")
    assert [bool(place.intent and place.session) for place in found.places] == [True, True, False, False]
    done: list[int] = []
    many = ["shopper-0", *(f"nobody-{number}" for number in range(2 * SLICE))]
    forgotten = await forget(settings, many, progress=done.append)
    assert done == [SLICE, 2 * SLICE, 2 * SLICE + 1]
    assert forgotten.receipts[0].places == (
        Place("redis", settings.redis.namespace, intents=1, contexts=1, answers=1),
        Place("redis", beside, intents=1, contexts=1),
        Place("kafka", f"{topic}.history", tombstones=1),
        Place("kafka", shown),
    )
    assert [(each.store, each.name) for each in found.places] == [
        (each.store, each.name) for each in forgotten.receipts[0].places
    ]
    left = await access(settings, "shopper-0")
    assert [len(place.answers) > 0 for place in found.places] == [True, False, False, False]
    assert not any(place.intent or place.session or place.owed or place.answers for place in left.places)
    assert left.erasure.number == forgotten.receipts[0].number
    assert b"Quiet kettle" in found.as_json()
    assert b"Quiet kettle" not in left.as_json()
    assert await _intents(settings, beside) == {"shopper-1": 2}
    assert await _intents(settings) == {"shopper-1": 2}


async def _counted(running: Worker, **counts: int) -> bool:
    return all(getattr(running.meter, name) >= count for name, count in counts.items())


async def _heard(running: Worker, asked_s: float) -> bool:
    """Whether the worker knows of all erasures that were asked for by then."""
    return running.enrichment.heard_s() >= asked_s


async def _keeps(settings: Settings) -> bool:
    """Whether an answer about the first shopper is kept."""
    return any(place.answers for place in (await access(settings, "shopper-0")).places)


async def _have(settings: Settings, wanted: dict[str, int]) -> bool:
    """Whether these shoppers have intents of so many events, and stored sessions of as many."""
    stored = {who: found.events for who, found in (await _sessions(settings)).items()}
    return await _intents(settings) == wanted and stored == wanted


async def _intents(settings: Settings, namespace: str | None = None) -> dict[str, int]:
    space = namespace or settings.redis.namespace
    async with AsyncIntentReader(settings.redis.url, namespace=space, timeout_s=5) as reader:
        found = await reader.get_many(sorted(ALL), fields="doc")
    return {intent.shopper: intent.doc["window"]["events"] for intent in found if not intent.missing}


async def _sessions(settings: Settings) -> dict[str, Session]:
    redis = settings.redis.connect()
    try:
        store = RedisCheckpoints(redis, Keys(settings.redis.namespace), 5.0)
        found = await store.load(sorted(ALL))
    finally:
        await redis.aclose()
    return {each.shopper: load(each.session) for each in found if isinstance(each, Context)}


async def _lose(settings: Settings, what: str) -> None:
    """All keys of the namespace that end so."""
    redis = settings.redis.connect()
    try:
        await redis.delete(*await redis.keys(f"{settings.redis.namespace}:*{what}"))
    finally:
        await redis.aclose()
