"""Replay: event time is the clock, a crash costs little, and what is live stays."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import orjson
import pytest

from agents.replay.calls import ReplayCalls, ReplayCounts, Replayed, ReplayRules
from agents.replay.live_replay import LiveReplay
from agents.replay.replay import AGAIN_S, PartitionReplay
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.checkpoints import Checkpoints
from agents.worker.partition import Partition
from agents.worker.reasoning import Reasoning
from agents.worker.recall import Recall
from clients.calls import Sampling
from penchant.operations.replay.source import Line
from prompts.library import DEFAULT_PROMPTS
from storage.checkpoints import Context, Verdict, Write
from storage.gather import GatheringWriter
from storage.redis_rules import RedisRules
from streams.events.decoding import Decoded, Record, encode
from streams.events.dialects import Dialect, DialectName, dialect
from streams.events.event import Action, Item, ShopperEvent
from streams.events.wire import made
from streams.records.erasures import Erasure
from streams.records.intents import IntentRules
from streams.sessions.packing import load
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules
from tests.agents.awaits import Raiser, places, raising
from tests.clients.virtual import virtually
from tests.fakes.model import Script, ScriptedModel
from tests.fakes.scripted_calls import Turn
from tests.fakes.store import MemoryStore

NOW_MS = 1_700_000_000_000
RULES = TriggerRules(debounce_s=1.0, max_wait_s=3.0, max_events=20, min_interval_s=0.0)
KETTLE = Item("sku-1", "Kettle", "home/kettles", "Tarn", 60.0, "EUR")
ANSWER = '{"m":"other","t":"Wants a kettle","c":[[1,9]],"b":[[1,9]],"a":{},"s":{},"k":7,"e":[1]}'


def record(offset: int, shopper: str, at_s: float, action: Action = "view") -> Line:
    at_ms = NOW_MS - 100_000 + int(at_s * 1e3)
    event = ShopperEvent(event_id=f"e{offset}", shopper_id=shopper, action=action, time_ms=at_ms, items=(KETTLE,))
    return Line(offset, at_ms, shopper.encode(), encode(event))


LOG = [
    record(0, "ada", 0.0),
    record(1, "ada", 0.5),
    record(2, "bob", 1.0),
    record(3, "ada", 10.0),
    record(4, "ada", 10.2),
]


@pytest.fixture
def store() -> MemoryStore:
    """A store with nobody in it."""
    return MemoryStore(lambda: NOW_MS)


class Bench:
    """One partition's replay, over the live keys or not, with a model that answers at once."""

    def __init__(
        self,
        store: MemoryStore,
        tasks: asyncio.TaskGroup,
        generation: int = 0,
        script: Script | str = ANSWER,
        lineage: int = 0,
        traced: Replayed = nullcontext,
    ) -> None:
        self.lineage = lineage
        self.store, self.tally, self.model = store, ReplayCounts(), ScriptedModel(script)
        self.checkpoints = Checkpoints(
            "replay", IntentRules(), SessionRules(), lambda: NOW_MS, lineage=lineage, generation=generation
        )
        writer = GatheringWriter(store, RedisRules())
        reasoning = Reasoning("v1", DEFAULT_PROMPTS, Sampling())
        self.calls = ReplayCalls(
            self.model, reasoning, writer, self.checkpoints, ReplayRules(in_flight=4), self.tally, tasks, traced=traced
        )

    def replay(self, spoken: DialectName | Dialect = "native") -> PartitionReplay:
        backlog = Backlog(RULES, BacklogRules())
        recall = Recall(self.store, self.store, backlog, 0)
        home, session = Partition(0, 1, 0.0), SessionRules()
        decoder = dialect(spoken, keyed=True) if isinstance(spoken, str) else spoken
        return PartitionReplay(home, backlog, recall, decoder, session, self.store, self.checkpoints, self.calls)

    def live_replay(
        self,
        generation: int,
        spoken: DialectName | Dialect = "native",
        withheld: Callable[[str], bool] = lambda _: False,
    ) -> LiveReplay:
        decoder, home = dialect(spoken, keyed=True) if isinstance(spoken, str) else spoken, Partition(0, 1, 0.0)
        return LiveReplay(
            home, decoder, SessionRules(), self.store, self.checkpoints, self.calls,
            lineage=self.lineage, generation=generation, withheld=withheld,
        )  # fmt: skip


async def replayed(store: MemoryStore, log: Sequence[Line], *, to_the_end: bool = True) -> tuple[Bench, int | None]:
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(store, tasks)
        replay = bench.replay()
        await replay.take(log)
        if to_the_end:
            await replay.finish()
    return bench, replay.partition.ledger.uncovered()


async def test_shoppers_are_due_by_event_time(store: MemoryStore) -> None:
    """Two visits of ada ten seconds apart and one of bob: three calls, though all is read within a moment."""
    bench, uncovered = await replayed(store, LOG)
    assert sorted(call.shopper for call in bench.model.calls) == ["ada", "ada", "bob"]
    assert {call.traffic_class for call in bench.model.calls} == {"replay"}
    assert (bench.tally.records, bench.tally.events, bench.tally.intents) == (5, 5, 3)
    assert uncovered == 5
    found = store.intent("ada")
    assert found is not None
    assert (found.position, found.window.events, found.source) == ("0:4:0", 4, "model")


class Undecided(MemoryStore):
    """Does not say for a while what becomes of writes. `asked` counts them."""

    asked = 0

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        self.asked += 1
        return [Verdict.UNDECIDED] * len(writes) if self.asked < 3 else await super().write(writes)


def test_a_store_that_has_not_decided_is_asked_again_later() -> None:
    """Quiet shoppers are parked in the end, and nobody is asked without a pause between."""

    async def main() -> None:
        store, loop = Undecided(lambda: NOW_MS), asyncio.get_running_loop()
        began_s = loop.time()
        bench, uncovered = await replayed(store, [record(0, "ada", 0.0, "list_view")])
        assert (store.asked, bench.tally.parked, bench.tally.intents, uncovered) == (3, 1, 0, 1)
        assert loop.time() >= began_s + 2 * AGAIN_S

    virtually(main)


async def test_every_event_of_a_record_is_replayed_and_redone(store: MemoryStore) -> None:
    """Some dialects hold several; they stand at one offset, and nothing is stored in their midst."""
    began_ms = NOW_MS - 100_000
    entries = [{"aid": 1 + turn, "ts": began_ms + turn * 10_000, "type": "clicks"} for turn in range(3)]
    log = [Line(0, began_ms, b"12", orjson.dumps({"session": 12, "events": entries}))]
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(store, tasks)
        replay = bench.replay("otto")
        await replay.take(log)
        await replay.finish()
    assert (bench.tally.records, bench.tally.events, len(bench.model.calls)) == (1, 3, 1)
    found = store.intent("12")
    assert found is not None
    assert (found.position, found.window.events) == ("0:0:0", 3)
    async with asyncio.TaskGroup() as tasks:
        again = Bench(store, tasks, generation=1)
        live_replay = again.live_replay(1, spoken="otto")
        await live_replay.take(log)
        await live_replay.finish()
    assert again.tally.events == 3


async def test_what_was_not_finished_is_where_the_next_run_begins(store: MemoryStore) -> None:
    """A crash loses what memory held; reading on from there comes to the same."""
    _, uncovered = await replayed(store, LOG[:4], to_the_end=False)
    assert uncovered == 3
    await replayed(store, LOG[uncovered:])
    whole = MemoryStore(lambda: NOW_MS)
    await replayed(whole, LOG)
    for shopper in ("ada", "bob"):
        [ours], [theirs] = await store.load([shopper]), await whole.load([shopper])
        assert isinstance(ours, Context)
        assert isinstance(theirs, Context)
        assert load(ours.session) == load(theirs.session)


async def test_a_bad_record_stops_nothing(store: MemoryStore) -> None:
    """It is counted."""
    bench, _ = await replayed(store, [*LOG, Line(5, NOW_MS, b"ada", b"{")])
    assert (bench.tally.refused, bench.tally.intents) == (1, 3)


async def test_a_redo_brings_everybody_back_the_latest_first(store: MemoryStore) -> None:
    """Redis was lost: one call a shopper, of the whole range."""
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(store, tasks, generation=9)
        live_replay = bench.live_replay(9)
        await live_replay.take(LOG)
        await live_replay.finish()
    assert [call.shopper for call in bench.model.calls] == ["ada", "bob"]
    found = store.intent("ada")
    assert found is not None
    assert (found.position, found.window.events) == ("0:4:9", 4)


async def test_a_redo_keeps_stored_sessions_and_does_nobody_twice(store: MemoryStore) -> None:
    """Of a range that begins late, whoever is stored keeps what came before it; a second run finds all done."""
    await replayed(store, LOG)
    for calls in (1, 0):
        async with asyncio.TaskGroup() as tasks:
            bench = Bench(store, tasks, generation=9)
            live_replay = bench.live_replay(9)
            await live_replay.take(LOG[3:])
            await live_replay.finish()
        assert len(bench.model.calls) == calls
    found = store.intent("ada")
    assert found is not None
    assert (found.position, found.window.events) == ("0:4:9", 4)


async def test_a_redo_brings_back_nothing_that_was_erased(store: MemoryStore) -> None:
    """Events from before the erasure count for nothing; those since are all there is."""
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(store, tasks, generation=9)
        erasure = Erasure("ada", 7, 0, (4,))
        await store.erase([erasure])
        live_replay = bench.live_replay(9)
        await live_replay.take(LOG)
        await live_replay.finish()
    assert bench.tally.erased == 3
    found = store.intent("ada")
    assert found is not None
    assert found.window.events == 1


async def test_an_answer_is_refused_twice_before_the_rules_answer_also_after_an_outage(store: MemoryStore) -> None:
    """A call that failed is none of the two: replays ask as live calls do."""
    turns = iter([Turn(fault="failure"), Turn(("Certainly! A kettle.",)), Turn((ANSWER,))])
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(store, tasks, script=lambda _: next(turns))
        replay = bench.replay()
        await replay.take(LOG[2:3])
        await replay.finish()
    found = store.intent("bob")
    assert found is not None
    assert found.source == "model"
    assert (bench.tally.calls, bench.tally.call_failures, bench.tally.answers_refused) == (3, 1, 1)


async def test_a_redo_leaves_those_alone_who_are_stored_of_another_log(store: MemoryStore) -> None:
    """Offsets of an earlier lineage mean nothing in this one: a position made of both would hide what comes next."""
    await replayed(store, LOG)
    before = await store.load(["ada"])
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(store, tasks, generation=9, lineage=1)
        live_replay = bench.live_replay(9)
        await live_replay.take(LOG[:2])
        await live_replay.finish()
    assert bench.model.calls == []
    assert await store.load(["ada"]) == before


class Odd:
    """A dialect that makes an event of some record such that our own code fails at it, and fails at another itself."""

    def __init__(self, event: int, record: int) -> None:
        self._event, self._record, self._right = event, record, dialect("native", keyed=True)

    def decode(self, records: Sequence[Record]) -> Decoded:
        if any(each.offset == self._record for each in records):
            raise KeyError(self._record)
        decoded = self._right.decode(records)
        decoded.events[:] = [_odd(entry) if entry[0] == self._event else entry for entry in decoded.events]
        return decoded


def _odd(entry: tuple[int, int, ShopperEvent]) -> tuple[int, int, ShopperEvent]:
    offset, timestamp_ms, event = entry
    no_item: Any = object()
    items = (no_item,)
    return offset, timestamp_ms, made(event.event_id, event.shopper_id, event.action, event.time_ms, items, *[None] * 3)


@pytest.mark.parametrize("live", [False, True])
async def test_what_our_code_fails_at_leaves_one_shopper_out_and_ends_nothing(store: MemoryStore, live: bool) -> None:  # noqa: FBT001
    """Whether it decodes or folds: the others come to the end, and both are counted."""
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(store, tasks, generation=9 * live)
        odd = Odd(event=1, record=4)
        replay = bench.live_replay(9, odd) if live else bench.replay(odd)
        await replay.take(LOG)
        await replay.finish()
    assert [call.shopper for call in bench.model.calls][-1] == "bob"
    assert store.intent("bob") is not None
    assert (bench.tally.left_out, bench.tally.refused) == (1, 1)
    assert bench.tally.faults["record", "KeyError"] > 0


CALL_PLACES = [place for place in places(["agents.replay.calls"]) if ".begin:" not in place and "._serve:" not in place]
"""Where a call waits. Before it has begun, and around it all, nothing is done that could fail."""


@pytest.mark.parametrize("error", [KeyError("odd"), asyncio.CancelledError()])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", CALL_PLACES)
async def test_no_exception_at_a_call_ends_a_replay(
    store: MemoryStore, place: str, when: str, error: BaseException
) -> None:
    """At each await once: the call is done without the model, or its session is stored alone."""
    turns = iter([Turn(fault="failure")])
    raiser = Raiser(place, error, before=when == "before")
    async with asyncio.timeout(30):
        with raising(["agents.replay.calls"], raiser):
            async with asyncio.TaskGroup() as tasks:
                bench = Bench(store, tasks, script=lambda _: next(turns, Turn((ANSWER,))))
                replay = bench.replay()
                await replay.take(LOG)
                await replay.finish()
    assert raiser.raised == 1, "no call comes here"
    assert replay.partition.ledger.uncovered() == 5
    assert bench.tally.in_flight == 0
    for shopper, offset in (("ada", 4), ("bob", 2)):
        [found] = await store.load([shopper])
        assert isinstance(found, Context)
        assert found.position.offset == offset


async def test_a_redo_makes_no_intent_of_who_is_held_out(store: MemoryStore) -> None:
    """An experiment that says nothing of them is not undone by it."""
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(store, tasks, generation=9)
        live_replay = bench.live_replay(9, withheld=lambda shopper: shopper == "ada")
        await live_replay.take(LOG)
        await live_replay.finish()
    assert [call.shopper for call in bench.model.calls] == ["bob"]
    assert store.intent("ada") is None
