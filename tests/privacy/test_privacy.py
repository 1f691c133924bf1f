"""Privacy: personal data that is planted in any field of any dialect comes out nowhere.

The way is the worker's own: decoder, ingest, dispatch, prompt, answer, intent, checkpoint, and a real redis-server. The
model is the worst one that there could be: it says whatever it read.
"""

import asyncio
import io
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from uuid import uuid4

import orjson
import pytest
import structlog

from agents.health.probes import Health
from agents.worker.build import Ports, StorePorts, Worker, build
from agents.worker.instruments import Instruments
from agents.worker.partition import Partition
from agents.worker.reasoning import Reasoning
from agents.worker.upkeep import UpkeepRules
from clients.calls import Call, Completion, Sampling
from penchant.process.logs import configure_logs
from penchant.settings import Settings
from penchant.telemetry.metrics.exposition import exposition
from prompts.library import DEFAULT_PROMPTS
from sandbox.servers.redis import RedisServer
from storage.connection import Client, connect
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.events import decoding
from streams.events.decoding import encode
from streams.events.dialects import DialectName, dialect
from streams.events.privacy import PrivacyRules
from streams.records.dead_letters import DeadLetter, LimitRules
from streams.records.intents import IntentRules
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.privacy.planting import KINDS, Planted, planted

AT_ONCE = TriggerRules(debounce_s=0.0, max_wait_s=0.1, min_interval_s=0.0)
FIXTURES_SAY = ("ada@shop.example", "bob@shop.example", "1 main street", "198.51.100.7", "hi bob")
"""What the fixtures hold beside it, in fields that nobody reads."""

DIALECTS = ("native", "segment", "ga4", "snowplow", "cloudevents", "rees46")
QUICK = ("native", "segment")
EACH_DIALECT = [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in DIALECTS]
WITHIN_S = 120.0


@dataclass(frozen=True)
class Record:
    """A record of Kafka's."""

    offset: int
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...]
    key: bytes | None = None
    timestamp: int = field(default_factory=lambda: time.time_ns() // 1_000_000)


class Parrot:
    """A model that says what it read: as its mission, and as every value that it may give."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    async def complete(self, call: Call) -> Completion:
        self.prompts.append(call.prompt)
        seen = call.prompt.rpartition("\nShopper\n")[2]
        said = {"m": "other", "t": seen[-140:], "c": [[1, 10]], "b": [[1, 10]], "a": {"color": seen[-60:]}, "e": [1]}
        return Completion(orjson.dumps(said).decode(), "parrot", "parrot")

    async def probe(self) -> str:
        """It is always there."""
        return "parrot"

    async def close(self) -> None:
        """It has nothing to close."""


class RecordingDeadLetterSender:
    """The dead-letter topic: what is told of a record, the record itself left out."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        self.told += [f"{letter.reason} {letter.path} {letter.detail}" for letter in letters]
        return {}


@dataclass
class Scene:
    """Everything that came out."""

    redis: Client
    namespace: str
    model: Parrot = field(default_factory=Parrot)
    letters: RecordingDeadLetterSender = field(default_factory=RecordingDeadLetterSender)
    logs: io.StringIO = field(default_factory=io.StringIO)
    instruments: Instruments = field(default_factory=lambda: Instruments(Health(60.0)))
    rekeyed: list[bytes] = field(default_factory=list)

    async def stored(self) -> AsyncIterator[tuple[str, bytes]]:
        """Every value in Redis, contexts unpacked."""
        async for key in self.redis.scan_iter(f"{self.namespace}:*"):
            kind = await self.redis.type(key)
            values = await self.redis.hgetall(key) if kind == b"hash" else await self.redis.smembers(key)
            for value in values.values() if isinstance(values, dict) else values:
                yield f"{key.decode()}", _unpacked(cast("bytes", value))


def _unpacked(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


@asynccontextmanager
async def scene(server: RedisServer) -> AsyncIterator[Scene]:
    redis = connect(server.url)
    made = Scene(redis, uuid4().hex)
    configure_logs("debug", "json", made.logs)
    try:
        yield made
    finally:
        await redis.aclose()
        structlog.reset_defaults()


async def worked(made: Scene, records: Sequence[Planted], privacy: PrivacyRules | None = None) -> int:
    """Let all of it go the whole way; how many shoppers there were."""
    reading, partition = Spoken(privacy), Partition(0, epoch=1, commit_lag_s=0.0)
    ports = Ports(
        kept=StorePorts(
            store=RedisCheckpoints(made.redis, Keys(made.namespace), 10.0),
            name="w",
            clock_ms=lambda: time.time_ns() // 1_000_000,
            default_purposes=privacy.default_purposes if privacy else None,
        ),
        letters=made.letters,
        decoder=reading,
        reasoning=Reasoning("v1", DEFAULT_PROMPTS, Sampling()),
        slots=UnlimitedSlots(made.model),
        meter=made.instruments.meter,
    )
    worker = build(RULES, ports, UpkeepRules())
    for reading.dialect in dict.fromkeys(record.dialect for record in records):
        batch = [
            Record(offset, record.value, record.headers)
            for offset, record in enumerate(records, partition.ledger.next_offset or 0)
            if record.dialect == reading.dialect
        ]
        await worker.ingest.batch(partition, "shop", batch)
        made.rekeyed += [encode(event) for _, _, event in reading.decode(batch).events]
    await _end(worker, partition)
    return len(partition.shoppers)


async def _end(worker: Worker, partition: Partition) -> None:
    refusals = worker.refusals
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(worker.dispatch.run()), tasks.create_task(refusals.run())]
        async with asyncio.timeout(WITHIN_S):
            while refusals.waiting or any(who.owed or who.running for who in partition.shoppers.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        for task in running:
            task.cancel()
    await worker.writer.close()


class Spoken:
    """Reads records in the dialect that is spoken now."""

    dialect: DialectName = "native"

    def __init__(self, privacy: PrivacyRules | None) -> None:
        self._privacy = privacy

    def decode(self, records: Sequence[decoding.Record]) -> decoding.Decoded:
        """As the dialect does."""
        return dialect(self.dialect, privacy=self._privacy).decode(records)


RULES = Settings(
    triggers=AT_ONCE,
    session=SessionRules(gap_s=1e9),  # so that records with other times stay in one session
    intent=IntentRules(ttl_s=1e9),  # so that the oldest record still deserves an intent
    dead_letters=LimitRules(limit_share=1.0),
)


def leaks(text: str) -> Iterator[str]:
    """What of the planted can be seen, with or without spaces."""
    seen = text.casefold()
    bare = seen.replace(" ", "")
    for name, secret in KINDS.items():
        if secret.casefold() in seen or secret.casefold().replace(" ", "").removeprefix("+") in bare:
            yield name
    yield from (said for said in FIXTURES_SAY if said in seen)


@pytest.mark.redis
@pytest.mark.parametrize("name", EACH_DIALECT)
async def test_what_is_planted_comes_out_nowhere(name: str, redis_server: RedisServer) -> None:
    """Not in a prompt, an intent, a context, an owed set, a log at any level, a metric, a dead letter's headers, or an
    event that `penchant rekey` writes, but in its session and order ids, which nothing else keeps."""
    async with scene(redis_server) as made:
        records = list(planted(name))
        shoppers = await worked(made, records)
        assert shoppers > 10
        assert made.instruments.meter.intents >= 10
        found = [("prompt", each) for each in map(str, made.model.prompts)]
        found += [(key, value.decode(errors="replace")) async for key, value in made.stored()]
        found += [("log", made.logs.getvalue()), ("letter", "\n".join(made.letters.told))]
        found += [("metrics", exposition(made.instruments)("")[0].decode())]
        found += [("rekeyed", _kept(value)) for value in made.rekeyed]
        leaked = [(place, kind) for place, text in found for kind in leaks(text)]
        assert leaked == [], leaked
        assert sum(place.startswith(made.namespace) for place, _ in found) > shoppers


def _kept(value: bytes) -> str:
    document = orjson.loads(value)
    return str({name: text for name, text in document.items() if name not in ("session_id", "order_id")})


def test_leaks_are_seen() -> None:
    """The search of the test above finds each kind, however it is spaced."""
    assert set(leaks(" ".join(KINDS.values()))) == set(KINDS)
    assert set(leaks("".join(KINDS.values()).replace(" ", ""))) == set(KINDS)
    assert list(leaks("[email] and [phone]")) == []
