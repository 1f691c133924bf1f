"""Shopper report: what Redis, the topic and the model say of one shopper, gathered read-only."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import orjson

from agents.experiments.active_experiments import ActiveExperiments
from agents.fleet.switches import Switches
from agents.fleet.switches import load as load_switches
from penchant.operations.inspection.why import NO_SWITCHES, Holder, IntentStatus, Later
from penchant.settings.root import Settings
from prompts.render import Prompt, PromptRenderer
from storage.answers import KeptAnswer, RedisAnswers
from storage.checkpoints import Context, Erased
from storage.connection import Client, ask
from storage.fleet import Fleet, Heartbeat
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from storage.writer import RedisCheckpoints
from streams.errors import BrokerUnavailable, ContractMismatch, StoreCorrupt
from streams.kafka.reader import TopicReader
from streams.records.erasures import Erasure
from streams.records.intents import Intent
from streams.sessions.packing import load
from streams.sessions.session import Session

SEARCH_S = 5.0
"""How long the topic is searched for later events."""


@dataclass(frozen=True, slots=True)
class ShopperReport:
    """What was found; None where there is nothing. `notes` say what could not be looked at."""

    shopper: str
    at_ms: int
    intent: Intent | None
    expires_in_s: float | None
    context: Context | None
    erasure: int
    session: Session | None
    prompt: Prompt | None
    later: Later | None
    notes: list[str] = field(default_factory=list)
    marker: Erasure | None = None
    switches: Switches = NO_SWITCHES
    withheld: str = ""
    holder: Holder | None = None
    answers: Sequence[KeptAnswer] = ()

    @property
    def is_unknown(self) -> bool:
        """Whether there is nothing of such a shopper, not even an erasure."""
        return self.intent is None and self.context is None and not self.erasure

    @property
    def status(self) -> IntentStatus:
        """How intent, context and topic stand to each other."""
        context = self.context
        return IntentStatus(
            context.position if context else None,
            bool(context and context.owed),
            self.later,
            self.switches,
            self.withheld,
            self.marker.number if self.marker else self.erasure,
            bool(self.marker and self.marker.opted_out),
            self.holder,
            self.session.meaningful if self.session else -1,
        )


async def gather(settings: Settings, shopper: str, *, search: bool = True) -> ShopperReport:
    """Look at everything; without `search` the topic is left out. Raises StoreUnavailable and StoreCorrupt; a Kafka
    that is away is a note."""
    keys, within_s = Keys(settings.redis.namespace), settings.redis.timeout_s
    async with AsyncExitStack() as stack:
        redis = settings.redis.connect()
        stack.push_async_callback(redis.aclose)
        intent, expires_in_s = await _intent(redis, keys.intent(shopper), within_s)
        [found] = await RedisCheckpoints(redis, keys, within_s).load([shopper])
        answers = await RedisAnswers(redis, keys, within_s).read(shopper)
        store = RedisFleet(redis, keys, within_s)
        fleet, heartbeats = await store.read(), await store.heartbeats()
    context = found if isinstance(found, Context) else None
    session = load(context.session) if context else None
    notes: list[str] = []
    later = await _later(settings, context, shopper, notes) if search else None
    prompt = _prompt(settings, intent, session)
    erasure = found.erasure if isinstance(found, Context | Erased) else 0
    now_ms = time.time_ns() // 1_000_000
    return ShopperReport(
        shopper, now_ms, intent, expires_in_s, context, erasure, session, prompt, later, notes,
        found.marker if found else None, load_switches(fleet.switches), _holdout(settings, fleet, shopper),
        holder(heartbeats, context.partition) if context else None, answers,
    )  # fmt: skip


def holder(heartbeats: Mapping[str, Heartbeat], partition: int) -> Holder:
    """Who has a partition; the one who has it for the shortest, where two say so. Of old workers it is not known since
    when."""
    told = {name: (orjson.loads(beat.content), beat.age_ms) for name, beat in heartbeats.items()}
    found = [
        Holder(name, content.get("held_s", {}).get(str(partition), math.inf) + age_ms / 1e3)
        for name, (content, age_ms) in told.items()
        if partition in content.get("partitions", ())
    ]
    return min(found, key=lambda each: each.held_s, default=Holder())


def _holdout(settings: Settings, fleet: Fleet, shopper: str) -> str:
    """The holdout that the shopper is in, as experiments stand now; empty for none."""
    active_experiments = ActiveExperiments(settings.experiments)
    active_experiments.learn(fleet.decisions)
    assignment = active_experiments.assign(shopper)
    return assignment.label if assignment.withheld else ""


async def _intent(redis: Client, key: str, within_s: float) -> tuple[Intent | None, float | None]:
    doc, ttl_ms = await ask(redis, [("HGET", key, "doc"), ("PTTL", key)], within_s)
    if doc is None:
        return None, None
    try:
        return Intent.load(doc), ttl_ms / 1e3
    except ValueError as exc:
        raise StoreCorrupt(key, str(exc)) from exc


def _prompt(settings: Settings, intent: Intent | None, session: Session | None) -> Prompt | None:
    """As it would be asked about the stored session now, in the version that the intent was made with."""
    if session is None:
        return None
    made_with = settings.prompts.named(intent.prompt_version) if intent else None
    return PromptRenderer(made_with or settings.prompt.version, settings.prompts, settings.prompt).render(session)


async def _later(settings: Settings, context: Context | None, shopper: str, notes: list[str]) -> Later | None:
    if context is None:
        return None
    count = searched = 0
    first_ms: int | None = None
    try:
        async with TopicReader(settings.kafka.options) as reader, asyncio.timeout(SEARCH_S):
            log = await reader.log(settings.kafka.topic)
            if context.partition >= log.partitions:
                return None
            firsts = {context.partition: min(context.position.offset + 1, log.ends[context.partition])}
            async for _, records in reader.scan(log, firsts):
                searched += len(records)
                own = [record for record in records if record.key == shopper.encode()]
                first_ms = first_ms if first_ms is not None or not own else own[0].timestamp
                count += len(own)
    except TimeoutError:
        return Later(count, searched, first_ms, complete=False)
    except (BrokerUnavailable, ContractMismatch) as error:
        notes.append(f"the topic could not be searched: {error}")
        return None
    return Later(count, searched, first_ms)
