"""The rehearsal counts what a worker would do; its trace is one that simulators of model servers read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from agents.worker.backlog_rules import BacklogRules
from penchant.offline.estimate.prompt_tokens import Measured
from penchant.offline.estimate.rates import Rates
from penchant.offline.estimate.reading import ordered, read_file
from penchant.offline.estimate.rehearsal import Arrived, Rehearsal
from penchant.offline.estimate.trace import Trace
from penchant.offline.estimate.workload import Workload
from prompts.compose import compose
from prompts.render import PromptRenderer
from prompts.rules import rules
from prompts.view import PromptView
from prompts.vocabulary import DEFAULT_VOCABULARY
from sandbox.gpu.timing import Timing
from sandbox.servers.redis import RedisServer
from sandbox.shop.shoppers import ShopperTraffic
from storage.checkpoints import Context, Write
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.errors import ContractMismatch
from streams.events.event import Action, ShopperEvent
from streams.events.privacy import PrivacyRules
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold
from streams.sessions.triggers import TriggerRules

RATES = Rates(gpu=Timing())
EPOCH_MS = 1_795_000_000_000


def rehearse(events: Sequence[Arrived], told: object = None, **changed: object) -> Workload:
    triggers = replace(TriggerRules(), **changed)  # type: ignore[arg-type] # as the test says
    renderer = PromptRenderer("v1")
    rehearsal = Rehearsal(SessionRules(), triggers, BacklogRules(), renderer, RATES, told=told)  # type: ignore[arg-type]
    rehearsal.take(events)
    return rehearsal.finish(DEFAULT_VOCABULARY)


def traffic(number: int, rate: float = 50.0) -> list[Arrived]:
    timed = islice(ShopperTraffic(3, 100, rate).events(), number)
    events = [replace(event, time_ms=EPOCH_MS + event.time_ms) for _, event in timed]
    return [Arrived(sum(event.shopper_id.encode()) % 4, at, event.time_ms, event) for at, event in enumerate(events)]


def view(number: int, at_s: float, shopper: str = "ada", action: Action = "view") -> Arrived:
    time_ms = EPOCH_MS + round(at_s * 1e3)
    return Arrived(0, number, time_ms, ShopperEvent(f"e{number}", shopper, action, time_ms))


def test_in_time_is_who_was_answered_before_going_on() -> None:
    """Of events that ask for a call: the last one has no next, one in a later session is not followed by it, and what
    comes after an event that asks for nothing says nothing of an intent."""
    slow = [view(0, 0.0), view(1, 0.3), view(2, 60.0), view(3, 90.0)]
    work = rehearse(slow)
    assert (work.followed, work.in_time) == (3, 2)
    assert rehearse([view(0, 0.0), view(1, 7_200.0)]).followed == 0
    quiet = rehearse([view(0, 0.0, action="list_view"), view(1, 60.0), view(2, 120.0)])
    assert (quiet.followed, quiet.in_time) == (1, 1)


def test_a_burst_is_one_call_and_two_bursts_are_two() -> None:
    """By the debounce; each of the events would be a call of its own."""
    work = rehearse([view(number, number * 0.2) for number in range(5)])
    assert (work.events, work.meaningful, work.calls, work.sessions) == (5, 5, 1, 1)
    work = rehearse([*(view(number, number * 0.2) for number in range(5)), view(5, 60.0), view(6, 60.5)])
    assert (work.meaningful, work.calls, work.seconds) == (7, 2, 60.5)


def test_a_slow_model_makes_a_call_cover_more() -> None:
    """While a call runs the shopper's events fold into the next: at most one runs, and one is owed."""
    events = [view(number, number * 0.5) for number in range(40)]
    slow = Rates(gpu=Timing(iteration_ms=200))
    quick = Rates(gpu=Timing(iteration_ms=0.1, prefill_ms_per_token=0, decode_ms_per_sequence=0, kv_ms_per_token=0))
    calls = []
    for rates in (quick, slow):
        rules = TriggerRules(debounce_s=0.0, min_interval_s=0.0, max_wait_s=1.0)
        rehearsal = Rehearsal(SessionRules(), rules, BacklogRules(), PromptRenderer("v1"), rates)
        rehearsal.take(events)
        calls.append(rehearsal.finish(DEFAULT_VOCABULARY).calls)
    assert calls[0] == 40
    assert 1 <= calls[1] < 10


def test_duplicates_and_late_events_are_counted() -> None:
    """As the fold judges them; they ask for no call."""
    early = view(3, -7_200.0)
    work = rehearse([view(0, 0.0), replace_offset(view(0, 0.0), 1), view(2, 1.0), early])
    assert (work.events, work.duplicates, work.late, work.meaningful) == (4, 1, 1, 2)


def test_quiet_events_ask_for_no_call() -> None:
    """A list that is looked at is no sign of an intent."""
    work = rehearse([view(0, 0.0, action="list_view"), view(1, 10.0, action="list_view")])
    assert (work.events, work.meaningful, work.calls) == (2, 0, 0)


@settings(max_examples=20, deadline=None)
@given(st.integers(20, 300), st.sampled_from([5.0, 50.0, 500.0]))
def test_calls_are_never_more_than_events_that_ask(number: int, rate: float) -> None:
    """Every event is counted once, and each shopper whose event asks for a call has one."""
    events = traffic(number, rate)
    work = rehearse(events)
    assert work.events == number == sum(work.shoppers.values()) == sum(work.partitions.values())
    assert work.shoppers == Counter(arrived.event.shopper_id for arrived in events)
    assert work.calls <= work.meaningful <= number
    assert work.prompts.length >= work.prompts.cached >= work.prompts.shared
    assert work.prompts.rendered == work.calls


def test_a_part_of_the_prompts_stands_for_all() -> None:
    """Whole shoppers are left out, so that what is cached stays comparable; calls are counted all the same."""
    events = traffic(3_000)
    whole = rehearse(events)
    rehearsal = Rehearsal(SessionRules(), TriggerRules(), BacklogRules(), PromptRenderer("v1"), RATES, each=4)
    rehearsal.take(events)
    part = rehearsal.finish(DEFAULT_VOCABULARY)
    assert part.calls == pytest.approx(whole.calls, rel=0.05)
    assert 0 < part.prompts.rendered < whole.prompts.rendered / 2
    assert part.prompts.length / part.prompts.rendered == pytest.approx(
        whole.prompts.length / whole.prompts.rendered, rel=0.2
    )


def test_the_trace_has_a_line_for_each_call() -> None:
    """In the fields of Mooncake's traces: times from 0 on, and a number for each block, equal for equal beginnings."""
    trace, lines, prompts = Trace(80, 64), [], []

    def tell(at_s: float, prompt: Measured) -> None:
        lines.append(orjson.loads(trace.line(at_s, prompt)))
        prompts.append(prompt)

    work = rehearse(traffic(400), tell)
    assert len(lines) == work.calls > 10
    assert [set(line) for line in lines] == [{"timestamp", "input_length", "output_length", "hash_ids"}] * len(lines)
    times = [line["timestamp"] for line in lines]
    assert times[0] == 0
    assert times == sorted(times)
    beginnings: dict[int, str] = {}
    for line, prompt in zip(lines, prompts, strict=True):
        assert line["input_length"] == prompt.length
        assert len(line["hash_ids"]) == -(-line["input_length"] // 64)
        for number, end in zip(line["hash_ids"], prompt.blocks(64), strict=True):
            assert beginnings.setdefault(number, prompt.text[:end]) == prompt.text[:end]
    assert len(set(beginnings.values())) == len(beginnings) == max(beginnings) + 1


def test_partitions_keep_their_order() -> None:
    """A late event comes where it stands in its log, after what came before it."""
    log = [view(0, 10.0), view(1, 3.0), view(2, 11.0)]
    other = [view(0, 5.0, "bob"), view(1, 10.5, "bob")]
    merged = [
        (each.event.shopper_id, each.offset)
        for each in ordered({0: log, 1: [each._replace(partition=1) for each in other]})
    ]
    assert merged == [("bob", 0), ("ada", 0), ("ada", 1), ("bob", 1), ("ada", 2)]


def test_files_are_read_from_their_beginning(tmp_path: Path) -> None:
    """For so many minutes, and rows that are no events are counted."""
    rows = ["event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"]
    rows += [f"2019-10-01 00:{minute:02}:00 UTC,view,1,2,a.b,acme,3.5,{minute % 3 + 1},s" for minute in range(10)]
    path = tmp_path / "events.csv"
    path.write_text("\n".join([*rows[:3], "rubbish", *rows[3:]]))
    sample = read_file(path, 4.0, 1_000, PrivacyRules())
    assert (len(sample.events), sample.read.records, sample.read.refused) == (5, 6, 1)
    cut = [read_file(path, 60.0, most, PrivacyRules()).read.cut for most in (10, 11, 1_000)]
    assert cut == [True, False, False]  # of eleven rows
    path.write_text(rows[0])
    with pytest.raises(ContractMismatch):
        read_file(path, 4.0, 1_000, PrivacyRules())


@pytest.mark.redis
async def test_the_memory_is_what_redis_takes(redis_server: RedisServer) -> None:
    """Bytes of a packed checkpoint and the constant for Redis's own come to what a real one says, within a quarter."""
    sessions: dict[str, Session] = {}
    for arrived in traffic(1_500):
        session = sessions.setdefault(arrived.event.shopper_id, Session())
        fold(session, arrived.event, arrived.offset, arrived.timestamp_ms, SessionRules())
    work = rehearse(traffic(1_500))
    keys, far_ms, used = Keys("estimate"), 4_102_444_800_000, 0
    async with Redis.from_url(redis_server.url) as client:
        store = RedisCheckpoints(client, keys, 30.0)
        for name, session in sessions.items():
            seen, position = PromptView.of(session), Position(0, session.folded)
            intent = compose(rules(seen), seen, shopper=name, source="rules", position=str(position),
                             written_at_ms=EPOCH_MS)  # fmt: skip
            await store.write([Write(Context(name, position, 0, "worker-1:1", dump(session)), far_ms, intent, far_ms)])
            for key in (keys.context(name), keys.intent(name)):
                used += await client.memory_usage(key, samples=0) or 0
                await client.delete(key)
    estimated = work.stored.bytes / work.stored.shoppers + RATES.redis_bytes
    assert estimated == pytest.approx(used / len(sessions), rel=0.25)


def replace_offset(arrived: Arrived, offset: int) -> Arrived:
    return arrived._replace(offset=offset)
