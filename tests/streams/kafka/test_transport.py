"""The transport on a real Kafka. Most of these claims are ones that Faust 0.15.3 by itself breaks."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from sandbox.servers.apache import ApacheKafka
from sandbox.servers.kafka import MockKafka
from sandbox.servers.server import LOOPBACK, free_ports
from streams.errors import BrokerUnavailable, Stop
from streams.kafka.batches import TP
from streams.kafka.faust_app import KafkaGroup, event_topic, make_app, running, watch
from streams.kafka.options import Isolation, KafkaOptions
from streams.kafka.transport import BatchConsumer
from tests.fakes.ledger import FakeLedger
from tests.kafka import Kafka
from tests.until import until

pytestmark = pytest.mark.kafka

WITHIN_S = 30.0
REPOSITORY = Path(__file__).parents[3]


def numbered(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


def group_of(
    bootstrap: str, topic: str, folder: Path, *, isolation: Isolation = "read_committed", **settings: Any
) -> KafkaGroup:
    """The group named after the topic. It commits when told to, unless a test says otherwise."""
    quick = {"commit_interval_s": 3_600.0, "session_timeout_s": 6.0, "heartbeat_interval_s": 0.2}
    return KafkaGroup(KafkaOptions(bootstrap, isolation=isolation), topic, folder / uuid4().hex, **quick | settings)


def _batches(ledger: FakeLedger, most: int) -> bool:
    return len(ledger.batches) >= most


def _last(ledger: FakeLedger, tp: TP, offset: int) -> bool:
    return ledger.offsets(tp)[-1:] == [offset]


@asynccontextmanager
async def reading(
    bootstrap: str, topic: str, ledger: FakeLedger, folder: Path, **settings: Any
) -> AsyncIterator[BatchConsumer]:
    """A worker in this event loop."""
    app = make_app(group_of(bootstrap, topic, folder, **settings), topic, ledger)

    @app.agent(event_topic(app, topic))
    async def take(stream: Any) -> None:
        async for poll in stream:
            ledger.poll(poll)

    async with running(app):
        yield cast("BatchConsumer", app.consumer)


class TestBatches:
    async def test_a_partition_at_its_end_keeps_no_other_waiting(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """One has megabytes to read, the other nothing new, and a fetch may wait for half a minute."""
        topic, ledger = await real_kafka.topic(2), FakeLedger()
        await real_kafka.produce(topic, [b"x" * 1_000] * 4_000, partition=0)
        await real_kafka.produce(topic, numbered(1), partition=1)
        options = KafkaOptions(real_kafka.bootstrap, fetch_wait_s=30.0)
        app = make_app(KafkaGroup(options, topic, tmp_path / uuid4().hex, batch_records=100), topic, ledger)

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for poll in stream:
                ledger.poll(poll)
                await asyncio.sleep(0.02)  # aiokafka asks for others when a partition's records are a while old

        async with running(app):
            await until(partial(_last, ledger, TP(topic, 0), 3_999), WITHIN_S)

    async def test_an_agent_gets_whole_batches(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """Every record comes once and in order, in batches of at most the set size; other topics come singly."""
        topic, plain = await real_kafka.topic(2), await real_kafka.topic()
        for partition in (0, 1):
            await real_kafka.produce(topic, numbered(1_000), partition=partition)
        await real_kafka.produce(plain, numbered(3))
        ledger, values = FakeLedger(), []
        app = make_app(group_of(real_kafka.bootstrap, topic, tmp_path, batch_records=300), topic, ledger)

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for poll in stream:
                ledger.poll(poll)

        @app.agent(app.topic(plain, value_serializer="raw"))
        async def take_plain(stream: Any) -> None:
            async for value in stream:
                values.append(value)  # noqa: PERF401 (the stream never ends)

        async with running(app):
            await until(lambda: all(len(ledger.offsets(TP(topic, partition))) == 1_000 for partition in (0, 1)))
            await until(lambda: len(values) == 3)
            await app.consumer.commit()
            assert ledger.offsets(TP(topic, 0)) == ledger.offsets(TP(topic, 1)) == list(range(1_000))
        assert max(len(batch.records) for batch in ledger.batches) <= 300
        assert values == numbered(3)
        assert await real_kafka.committed(topic, plain) == 3

    @pytest.mark.slow
    async def test_ten_thousand_batches_of_one_partition_cost_the_same(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """Batches leave nothing behind in Faust; the last thousand take about the processor time of the first."""
        topic = await real_kafka.topic()
        await real_kafka.produce(topic, numbered(20_000))
        ledger, ends = FakeLedger(), []

        app = make_app(group_of(real_kafka.bootstrap, topic, tmp_path, batch_records=2), topic, ledger)

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for poll in stream:
                ledger.batches += poll.batches
                ends.append(time.process_time())

        async with running(app):
            await until(lambda: len(ends) >= 10_000)
            consumer = cast("BatchConsumer", app.consumer)
            assert not any([consumer._gap, consumer._acked, consumer._acked_index, consumer._unacked_messages])
            assert len(consumer._read_offset) == 1
        assert ledger.batches[-1].records[-1].offset == 19_999
        assert ends[9_999] - ends[8_999] < 4 * (ends[1_999] - ends[999])


class TestCommits:
    @pytest.mark.parametrize("held", [[5], [5, 6]], ids=["one in flight", "two in flight"])
    async def test_never_past_what_is_in_flight_at_the_committed_offset(
        self, real_kafka: Kafka, tmp_path: Path, held: Sequence[int]
    ) -> None:
        """A1: a single uncovered record exactly at the committed offset holds the commit, as several do."""
        topic = await real_kafka.topic()
        await real_kafka.produce(topic, numbered(10))
        await real_kafka.commit(topic, topic, 5)
        ledger = FakeLedger(held=set(held))
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path) as consumer:
            await until(lambda: ledger.offsets(TP(topic, 0)) == [5, 6, 7, 8, 9])
            await consumer.commit()
            await consumer.force_commit()
            assert await real_kafka.committed(topic, topic) == 5
            ledger.held.clear()
            assert await consumer.commit()
            assert await real_kafka.committed(topic, topic) == 10

    @pytest.mark.parametrize("held", [[0], [0, 1, 2, 3, 4]], ids=["the first", "the first five"])
    async def test_never_past_what_is_in_flight_in_a_fresh_group(
        self, real_kafka: Kafka, tmp_path: Path, held: Sequence[int]
    ) -> None:
        """A2: nor when nothing was committed before."""
        topic = await real_kafka.topic()
        await real_kafka.produce(topic, numbered(10))
        ledger = FakeLedger(held=set(held))
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path) as consumer:
            await until(lambda: len(ledger.offsets(TP(topic, 0))) == 10)
            await consumer.commit()
        assert await real_kafka.committed(topic, topic) == 0

    async def test_never_past_what_is_in_flight_after_a_transaction_marker(
        self, real_kafka: Kafka, tmp_path: Path
    ) -> None:
        """A3: the record that follows a marker's hole is in flight like any other."""
        topic = await real_kafka.topic()
        for _ in range(2):
            await real_kafka.produce(topic, numbered(3), transactional=True)
        ledger = FakeLedger(held={4})
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path, batch_records=1) as consumer:
            await until(lambda: ledger.offsets(TP(topic, 0)) == [0, 1, 2, 4, 5, 6])
            await consumer.commit()
            assert await real_kafka.committed(topic, topic) == 4
            ledger.held.clear()
        assert await real_kafka.committed(topic, topic) == 7

    async def test_never_past_what_is_in_flight_after_a_compaction_hole(
        self, real_kafka: Kafka, tmp_path: Path
    ) -> None:
        """A3: the same after a hole that compaction left, and what it left is read and committed to the end."""
        topic = await real_kafka.topic(
            cleanup_policy="compact", min_cleanable_dirty_ratio=0.01, segment_ms=100, min_compaction_lag_ms=0
        )
        await real_kafka.produce(topic, numbered(12), keys=[b"a", b"b", *[b"c"] * 8, b"d", b"e"])
        remaining = await compacted(real_kafka, topic)
        after_the_hole = next(offset for before, offset in pairwise(remaining) if offset > before + 1)
        ledger = FakeLedger(held={after_the_hole})
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path, batch_records=1) as consumer:
            await until(lambda: ledger.offsets(TP(topic, 0))[-1:] == remaining[-1:])
            await consumer.commit()
            assert await real_kafka.committed(topic, topic) == after_the_hole
            ledger.held.clear()
        assert ledger.batches[-1].records[-1].offset == remaining[-1]
        assert await real_kafka.committed(topic, topic) == remaining[-1] + 1

    async def test_while_another_runs_commits_the_rest(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """A commit that finds another under way waits, and then commits what that one did not."""
        topic = await real_kafka.topic()
        await real_kafka.produce(topic, numbered(10))
        ledger = FakeLedger(held={3})
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path) as consumer:
            await until(lambda: len(ledger.offsets(TP(topic, 0))) == 10)
            running_commit = asyncio.create_task(consumer.commit())
            await asyncio.sleep(0)
            ledger.held.clear()
            assert await consumer.commit()
            assert running_commit.done()
            assert await real_kafka.committed(topic, topic) == 10
            assert not await consumer.commit()

    @pytest.mark.slow
    async def test_that_failed_are_tried_again(self, kafka_of_its_own: ApacheKafka, tmp_path: Path) -> None:
        """What Kafka did not confirm stays due: when it answers again, the commit timer commits it."""
        kafka = Kafka(kafka_of_its_own.address, kafka_of_its_own.describe())
        topic = await kafka.topic()
        await kafka.produce(topic, numbered(10))
        ledger = FakeLedger(held={3})
        settings = {"commit_interval_s": 0.2, "session_timeout_s": 60.0}
        async with reading(kafka.bootstrap, topic, ledger, tmp_path, **settings) as consumer:
            await until(lambda: len(ledger.offsets(TP(topic, 0))) == 10)
            await consumer.commit()
            await kafka_of_its_own.kill()
            ledger.held.clear()
            assert not await consumer.commit()
            await kafka_of_its_own.start()
            await until(lambda: consumer.confirmed == {TP(topic, 0): 10})
            assert await kafka.committed(topic, topic) == 10
            assert len(ledger.calls) == 1

    async def test_at_the_end_leave_nothing_due(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """A worker that stops commits what is covered, and every epoch that began has ended."""
        topic = await real_kafka.topic(3)
        await real_kafka.produce(topic, numbered(10))
        ledger = FakeLedger()
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path):
            await until(lambda: len(ledger.offsets(TP(topic, 0))) == 10)
        assert await real_kafka.committed(topic, topic) == 10
        began = sorted((tp, epoch) for what, tp, epoch in ledger.calls if what == "assigned")
        assert began == sorted((tp, epoch) for what, tp, epoch in ledger.calls if what == "revoked")
        assert len(began) == 3

    @pytest.mark.slow
    async def test_by_a_worker_that_was_killed_are_where_the_next_begins(
        self, real_kafka: Kafka, tmp_path: Path
    ) -> None:
        """After `kill -9` with one uncovered record a partition, the next worker begins at exactly that record."""
        topic = await real_kafka.topic(2)
        for partition in (0, 1):
            await real_kafka.produce(topic, numbered(200), partition=partition)
        script = ["-m", "tests.streams.held_reader", real_kafka.bootstrap, topic, str(tmp_path / "killed"), "70"]
        worker = await asyncio.create_subprocess_exec(
            sys.executable, *script, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
        )
        assert worker.stdout
        try:
            async with asyncio.timeout(WITHIN_S):
                while json.loads(await worker.stdout.readline()) != {"0": 199, "1": 199}:
                    pass
        finally:
            worker.kill()
            await worker.wait()
        ledger = FakeLedger()
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path):
            await until(lambda: all(ledger.offsets(TP(topic, partition))[-1:] == [199] for partition in (0, 1)))
            assert [ledger.offsets(TP(topic, partition))[0] for partition in (0, 1)] == [70, 70]


class TestRebalances:
    async def test_read_partitions_that_stay_again_under_a_new_epoch(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """An eager rebalance ends all epochs; also what stays is read again from its committed offset."""
        topic = await real_kafka.topic(2)
        for partition in (0, 1):
            await real_kafka.produce(topic, numbered(10), partition=partition)
        first, second = FakeLedger(held={3}), FakeLedger()
        async with reading(real_kafka.bootstrap, topic, first, tmp_path) as consumer:
            await until(lambda: all(len(first.offsets(TP(topic, partition))) == 10 for partition in (0, 1)))
            await consumer.commit()
            async with reading(real_kafka.bootstrap, topic, second, tmp_path):
                await until(lambda: len(first.epochs) == len(second.epochs) == 1)
                [stayed], [went] = first.epochs, second.epochs
                await until(lambda: len(first.offsets(stayed)) == len(second.offsets(went)) == 7)
                assert first.offsets(stayed) == second.offsets(went) == [3, 4, 5, 6, 7, 8, 9]
                assert first.epochs[stayed] > max(epoch for _, _, epoch in first.calls[:2])
        assert {(what, tp) for what, tp, _ in first.calls[2:4]} == {("revoked", stayed), ("revoked", went)}

    async def test_of_a_group_that_has_not_committed_lose_nothing(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """Without a committed offset a partition begins at its beginning again, for whoever has it then."""
        topic = await real_kafka.topic(2)
        for partition in (0, 1):
            await real_kafka.produce(topic, numbered(10), partition=partition)
        first, second = FakeLedger(silent=True), FakeLedger(silent=True)
        async with reading(real_kafka.bootstrap, topic, first, tmp_path):
            await until(lambda: all(len(first.offsets(TP(topic, partition))) == 10 for partition in (0, 1)))
            async with reading(real_kafka.bootstrap, topic, second, tmp_path):
                await until(lambda: len(first.epochs) == len(second.epochs) == 1)
                [stayed], [went] = first.epochs, second.epochs
                await until(lambda: first.offsets(stayed) == second.offsets(went) == list(range(10)))

    async def test_end_the_wait_of_a_poll_that_had_nothing_to_read(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """It would go on for what is left of a second, while events come."""
        topic = await real_kafka.topic(1)
        ledger = FakeLedger()
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path) as consumer:
            await until(lambda: len(ledger.epochs) == 1)
            consumer.pause(ledger.epochs)
            waiting = asyncio.create_task(consumer._idle(3_600.0))
            await asyncio.sleep(0.1)
            consumer.resume_flow()
            async with asyncio.timeout(60.0):
                assert await waiting == {}

    async def test_keep_a_pause_that_is_renewed_and_end_one_that_is_not(
        self, real_kafka: Kafka, tmp_path: Path
    ) -> None:
        """Faust resumes everything at a rebalance; what `assigned` pauses again stays paused all the same."""
        topic = await real_kafka.topic(2)
        first, second = FakeLedger(), FakeLedger()
        async with reading(real_kafka.bootstrap, topic, first, tmp_path) as consumer:
            await until(lambda: len(first.epochs) == 2)
            first.on_assigned = lambda tp: consumer.pause([tp])
            consumer.pause(first.epochs)
            async with reading(real_kafka.bootstrap, topic, second, tmp_path):
                await until(lambda: len(first.epochs) == len(second.epochs) == 1)
                [stayed], [went] = first.epochs, second.epochs
                await real_kafka.produce(topic, numbered(10), partition=stayed.partition)
                await real_kafka.produce(topic, numbered(10), partition=went.partition)
                await until(lambda: len(second.offsets(went)) == 10)
                assert (await consumer.lags())[stayed] == 10
                assert not first.batches
                first.on_assigned = None
            await until(lambda: len(first.epochs) == 2)
            await until(lambda: len(first.offsets(stayed)) == 10)

    async def test_wait_for_the_drain_and_commit_what_it_covered(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """Before partitions go, `drain` is awaited; what is covered then is not read again."""
        topic = await real_kafka.topic(2)
        for partition in (0, 1):
            await real_kafka.produce(topic, numbered(10), partition=partition)
        first, second, drained = FakeLedger(held={3}), FakeLedger(), []

        async def drain(tps: Any) -> None:
            drained.extend(tps)
            first.held.clear()

        app = make_app(group_of(real_kafka.bootstrap, topic, tmp_path), topic, first, drain)

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for poll in stream:
                first.poll(poll)

        async with running(app):
            await until(lambda: all(len(first.offsets(TP(topic, partition))) == 10 for partition in (0, 1)))
            async with reading(real_kafka.bootstrap, topic, second, tmp_path):
                await until(lambda: len(second.epochs) == 1)
                assert [await real_kafka.committed(topic, topic, partition) for partition in (0, 1)] == [10, 10]
        assert set(drained) == {TP(topic, 0), TP(topic, 1)}
        assert not second.batches

    async def test_end_epochs_before_faust_says_that_partitions_go(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """When the application's own signal comes, nothing is ours any more."""
        topic = await real_kafka.topic(2)
        first, second, ours = FakeLedger(), FakeLedger(), []
        async with reading(real_kafka.bootstrap, topic, first, tmp_path) as consumer:
            await until(lambda: len(first.epochs) == 2)

            @consumer.app.on_partitions_revoked.connect  # type: ignore[arg-type]  # it hands over what was revoked too
            async def note(app: Any, revoked: Any, **_: Any) -> None:
                ours.append(dict(first.epochs))

            async with reading(real_kafka.bootstrap, topic, second, tmp_path):
                await until(lambda: len(second.epochs) == 1)
        assert ours[0] == {}

    async def test_leave_a_worker_without_partitions_in_the_group(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """A stand-by worker polls too, so it is not expelled; it takes over, and nothing flows until it is ready."""
        topic = await real_kafka.topic()
        await real_kafka.produce(topic, numbered(10))
        ledgers, workers, stacks, flowing = [FakeLedger(), FakeLedger()], [], [AsyncExitStack(), AsyncExitStack()], []
        patience = {"poll_timeout_s": 2.5, "rebalance_timeout_s": 5.0}
        async with stacks[0], stacks[1]:
            for ledger, stack in zip(ledgers, stacks, strict=True):
                reader = reading(real_kafka.bootstrap, topic, ledger, tmp_path, **patience)
                workers.append(await stack.enter_async_context(reader))
                await until(lambda: len(ledgers[0].batches) > 0)
            await until(lambda: len(ledgers[0].calls) > 1 and sum(len(ledger.epochs) for ledger in ledgers) == 1)
            standby = 0 if ledgers[1].epochs else 1
            ledgers[standby].on_assigned = lambda _: flowing.append(workers[standby].flow_active)
            generation = workers[standby].app.consumer_generation_id
            assert await workers[standby].lags() == {}
            await asyncio.sleep(5.0)
            consumer = workers[standby]._thread._consumer
            assert consumer is not None
            assert consumer._coordinator.generation == generation
            await stacks[1 - standby].aclose()
            await real_kafka.produce(topic, numbered(1))
            await until(lambda: ledgers[standby].offsets(TP(topic, 0)) == [10])
        assert flowing == [False]


class TestPauses:
    async def test_hold_one_partition_or_all(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """A paused partition gives nothing and the others go on; when all are paused none gives, until resumed."""
        topic = await real_kafka.topic(2)
        quiet, lively = TP(topic, 0), TP(topic, 1)
        ledger = FakeLedger()
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path) as consumer:
            await until(lambda: len(ledger.epochs) == 2)
            consumer.pause([quiet])
            await real_kafka.produce(topic, numbered(10), partition=0)
            await real_kafka.produce(topic, numbered(10), partition=1)
            await until(lambda: len(ledger.offsets(lively)) == 10)
            consumer.pause([lively])
            await asyncio.sleep(1.2)  # the fetch that was under way ends
            await real_kafka.produce(topic, numbered(10), partition=1)
            assert await consumer.lags() == {quiet: 10, lively: 10}
            await asyncio.sleep(1.2)  # one more fetch
            assert (len(ledger.offsets(quiet)), len(ledger.offsets(lively))) == (0, 10)
            consumer.resume([quiet])
            await until(lambda: len(ledger.offsets(quiet)) == 10)
            assert len(ledger.offsets(lively)) == 10
            consumer.resume([lively])
            await until(lambda: len(ledger.offsets(lively)) == 20)
            assert await consumer.lags() == {quiet: 0, lively: 0}

    async def test_are_not_undone_by_a_full_buffer(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """An agent that is slow fills the buffer, which drains later; a pause made meanwhile still holds."""
        topic = await real_kafka.topic()
        await real_kafka.produce(topic, numbered(400))
        ledger, gate = FakeLedger(), asyncio.Event()
        app = make_app(
            group_of(real_kafka.bootstrap, topic, tmp_path, batch_records=10, buffered_polls=4), topic, ledger
        )

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for poll in stream:
                await gate.wait()
                ledger.poll(poll)

        async with running(app):
            [subscribed] = app.topics
            await until(subscribed.queue.full)
            consumer = cast("BatchConsumer", app.consumer)
            consumer.pause([TP(topic, 0)])
            gate.set()
            await until(subscribed.queue.empty)
            await asyncio.sleep(1.2)  # one more fetch
            held_back = len(ledger.batches)
            assert held_back < 10
            consumer.resume([TP(topic, 0)])
            await until(lambda: len(ledger.batches) == 40)


class TestRewinds:
    async def test_read_again_from_the_committed_offset_under_a_new_epoch(
        self, real_kafka: Kafka, tmp_path: Path
    ) -> None:
        """After `rewind` all partitions, or those named, come again from where a restart would begin."""
        topic = await real_kafka.topic(2)
        one, other = TP(topic, 0), TP(topic, 1)
        for partition in (0, 1):
            await real_kafka.produce(topic, numbered(10), partition=partition)
        ledger = FakeLedger(held={4})
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path) as consumer:
            await until(lambda: len(ledger.offsets(one)) == len(ledger.offsets(other)) == 10)
            await consumer.commit()
            before = dict(ledger.epochs)
            consumer.rewind()
            await until(lambda: ledger.offsets(one) == ledger.offsets(other) == [4, 5, 6, 7, 8, 9])
            assert min(ledger.epochs.values()) > max(before.values())
            ledger.held.clear()
            await consumer.commit()
            consumer.rewind([one])
            await real_kafka.produce(topic, numbered(1))
            await until(lambda: ledger.offsets(one) == [10])
            assert ledger.offsets(other) == [4, 5, 6, 7, 8, 9]

    async def test_in_the_middle_of_things_lose_nothing(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """However rewinds and fetches meet, each epoch reads on without a gap from what was committed when it began."""
        topic = await real_kafka.topic()
        tp = TP(topic, 0)
        await real_kafka.produce(topic, numbered(2_000))
        ledger = FakeLedger()
        async with reading(real_kafka.bootstrap, topic, ledger, tmp_path, batch_records=20) as consumer:
            for turn in range(1, 30):
                await until(partial(_batches, ledger, turn * 3))
                if turn % 3 == 0:
                    await consumer.commit()
                consumer.rewind()
            await until(lambda: ledger.offsets(tp)[-1:] == [1_999])
        epochs = [ledger.offsets(tp, epoch) for what, _, epoch in ledger.calls if what == "assigned"]
        seen_to = 0
        for offsets in filter(None, epochs):
            assert offsets == list(range(offsets[0], offsets[-1] + 1))
            assert offsets[0] <= seen_to
            seen_to = max(seen_to, offsets[-1] + 1)
        assert seen_to == 2_000


class TestEmbedding:
    async def test_an_error_that_leaves_the_agent_stops_the_application(
        self, real_kafka: Kafka, tmp_path: Path
    ) -> None:
        """`watch` raises it; Faust by itself would restart the agent and skip the batch."""
        topic = await real_kafka.topic()
        await real_kafka.produce(topic, numbered(10))
        app = make_app(group_of(real_kafka.bootstrap, topic, tmp_path), topic, FakeLedger())

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for _ in stream:
                raise ZeroDivisionError

        async with running(app):
            with pytest.raises(ZeroDivisionError):
                async with asyncio.timeout(WITHIN_S):
                    await watch(app)
        assert await real_kafka.committed(topic, topic) is None

    async def test_a_cancelled_agent_does_not_end_its_watcher_without_a_word(
        self, real_kafka: Kafka, tmp_path: Path
    ) -> None:
        """A cancellation that comes from inside is an error to whoever watches, not a cancellation of theirs."""
        topic = await real_kafka.topic()
        await real_kafka.produce(topic, numbered(10))
        app = make_app(group_of(real_kafka.bootstrap, topic, tmp_path), topic, FakeLedger())

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for _ in stream:
                raise asyncio.CancelledError

        async with running(app):
            with pytest.raises(Stop):
                async with asyncio.timeout(WITHIN_S):
                    await watch(app)

    async def test_an_error_of_the_ledger_stops_the_application(self, real_kafka: Kafka, tmp_path: Path) -> None:
        """What `assigned` raises is not lost in aiokafka's log."""
        topic = await real_kafka.topic()
        ledger = FakeLedger()

        def fail(tp: TP) -> None:
            raise ZeroDivisionError(tp)

        ledger.on_assigned = fail
        app = make_app(group_of(real_kafka.bootstrap, topic, tmp_path), topic, ledger)

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for poll in stream:
                ledger.poll(poll)

        async with running(app):
            with pytest.raises(ZeroDivisionError):
                async with asyncio.timeout(WITHIN_S):
                    await watch(app)

    async def test_a_stop_that_meets_a_rebalance_ends_in_order(
        self, real_kafka: Kafka, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Nothing begins any more, no task is left behind, and the other worker gets everything."""
        topic = await real_kafka.topic(2)
        first, second, stopping = FakeLedger(), FakeLedger(), []

        async def drain(tps: Any) -> None:
            stopping.append(asyncio.create_task(app.stop()))
            await asyncio.sleep(0)

        app = make_app(group_of(real_kafka.bootstrap, topic, tmp_path), topic, first, drain)

        @app.agent(event_topic(app, topic))
        async def take(stream: Any) -> None:
            async for poll in stream:
                first.poll(poll)

        async with running(app):
            await until(lambda: len(first.epochs) == 2)
            async with reading(real_kafka.bootstrap, topic, second, tmp_path):
                await until(lambda: stopping and stopping[0].done() and len(second.epochs) == 2)
        assert [what for what, _, _ in first.calls] == ["assigned", "assigned", "revoked", "revoked"]
        assert not [record for record in caplog.records if record.name == "asyncio"]

    @pytest.mark.slow
    async def test_a_stop_while_the_broker_is_away_ends(self, kafka_of_its_own: ApacheKafka, tmp_path: Path) -> None:
        """What is asked of it is given up after a bound; Faust by itself would wait for a thread that has died."""
        kafka = Kafka(kafka_of_its_own.address, kafka_of_its_own.describe())
        topic = await kafka.topic()
        ledger = FakeLedger()
        async with asyncio.timeout(2 * WITHIN_S):
            async with reading(kafka.bootstrap, topic, ledger, tmp_path) as consumer:
                await kafka.produce(topic, numbered(10))
                await until(lambda: len(ledger.offsets(TP(topic, 0))) == 10)
                await kafka_of_its_own.kill()
                with pytest.raises(BrokerUnavailable):
                    await consumer.lags()
        assert [what for what, _, _ in ledger.calls] == ["assigned", "revoked"]

    async def test_the_mock_cluster_will_do_for_a_quick_start(self, mock_kafka: MockKafka, tmp_path: Path) -> None:
        """The embedded broker is enough for reading, committing and reading on."""
        kafka = Kafka(mock_kafka.address, mock_kafka.describe(), mock_kafka)
        topic = await kafka.topic(2)
        await kafka.produce(topic, numbered(10))
        for first in (0, 7):
            ledger = FakeLedger(held={7})
            async with reading(kafka.bootstrap, topic, ledger, tmp_path):
                await until(partial(_last, ledger, TP(topic, 0), 9))
                assert ledger.offsets(TP(topic, 0))[0] == first
        assert await kafka.committed(topic, topic) == 7

    async def test_a_broker_that_is_away_is_said_to_be(self, tmp_path: Path) -> None:
        """The start fails with our own error, and leaves nothing running."""
        [port] = free_ports(1)
        app = make_app(group_of(f"{LOOPBACK}:{port}", "nowhere", tmp_path), "nowhere", FakeLedger())
        with pytest.raises(BrokerUnavailable):
            async with running(app):
                pass


async def compacted(kafka: Kafka, topic: str) -> list[int]:
    """Wait until compaction has left a hole; returns the offsets that remain."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            await kafka.produce(topic, [b"", b""], keys=[b"y", b"z"])  # rolls the segment
            offsets = await kafka.offsets(topic)
            if len(offsets) < offsets[-1] + 1:
                return offsets
            await asyncio.sleep(0.2)
