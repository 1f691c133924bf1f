"""Kafka as Penchant needs it: record batches in, the ledger's offsets out.

Faust moves single records, at some 50 us each, and commits what was acknowledged, which loses records when
acknowledgements come out of order. This transport gives the agent one message a poll: a record batch of each partition
that had some, stamped with the epoch of its assignment. It commits what a ledger says. Topics other than the event
topics go Faust's way.

It overrides internals of Faust's consumer, hence the exact pin of faust-streaming in pyproject.toml. What differs:

* Acknowledgements are off (`event_topic` in faust_app.py): to Faust each message is a gap, and its interval tree grows
  quadratically with gaps.
* Epochs begin and end in the consumer, before Faust's own callbacks: the app's signals come late, or, when stopping,
  not at all.
* A partition goes back to its committed offset before the first fetch of an epoch, here, where no other fetch can be
  under way. Faust seeks beside a running fetch, and does not seek at all in a group that has not committed yet.
* Pausing is our own: Faust resumes at a rebalance what we paused, and to aiokafka an empty set means all partitions.
* Where retention has passed our position, the ledger hears of it: aiokafka would go on in silence.
* A full buffer blocks the fetch loop. Faust would stop fetching, and sleep a second when no partition is left.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faust.types import TP as FaustTP  # noqa: N811 (a class, whatever its name looks like)

from streams.errors import BrokerUnavailable
from streams.kafka.assignment import Assignment
from streams.kafka.batches import TP, Poll, RecordBatch
from streams.kafka.consumer_thread import ConsumerThread
from streams.kafka.header_names import consumer_record
from streams.kafka.polling import PollingConsumer

NO_PARTITION = FaustTP("", -1)


class BatchConsumer(PollingConsumer):
    """Faust's consumer with batches, epochs, pauses that hold, and commits from a ledger."""

    _thread: ConsumerThread

    def __init__(self, transport: Any, *args: Any, **kwargs: Any) -> None:
        self._options, self._drain = transport.options, transport.drain
        super().__init__(transport, *args, **kwargs)
        self._share = Assignment(transport.topics, transport.offsets)
        self._changed = asyncio.Event()
        self._committing = asyncio.Lock()
        self.polled_s, self.rebalances = time.monotonic(), 0  # Kafka was last polled then, on the event loop's clock
        self.read = 0  # records of the event topics that were handed out

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, self._options, loop=self.loop, beacon=self.beacon)

    # For the agents

    @property
    def epochs(self) -> Mapping[TP, int]:
        """The event partitions that are ours now, with their epochs."""
        return self._share.epochs

    @property
    def confirmed(self) -> Mapping[TP, int]:
        """The offsets that Kafka has confirmed to hold, of partitions that are ours."""
        return self._share.confirmed

    def pause(self, tps: Iterable[TP]) -> None:
        """Fetch no more from these until `resume` or the end of their epoch. What was fetched still arrives."""
        self._share.pause(tps)

    def resume(self, tps: Iterable[TP]) -> None:
        """Fetch from these again."""
        self._share.resume(tps)
        self._changed.set()

    def rewind(self, tps: Iterable[TP] | None = None) -> None:
        """Read these (None: all of ours) again from their committed offsets, under new epochs."""
        again = self.epochs.keys() & (self.epochs.keys() if tps is None else set(tps))
        self._share.end(again)
        self._share.begin(again)
        self._changed.set()

    async def lags(self) -> Mapping[TP, int]:
        """How many offsets of each of our partitions were not handed out yet; BrokerUnavailable when Kafka is silent.

        By position, not by the last record: transaction markers at the end of a topic are no lag.
        """
        try:
            return await self._thread.lags(set(self.epochs))
        except IllegalStateError:  # rebalanced meanwhile
            return {}
        except (KafkaError, TimeoutError) as exc:
            raise BrokerUnavailable(f"Kafka does not tell the lag: {exc!r}") from exc

    # Epochs

    async def on_partitions_revoked(self, revoked: set[FaustTP]) -> None:
        """Drain and commit, end the epochs, then let Faust stop its flow."""
        ours = self.epochs.keys() & revoked
        self._share.pause(ours)
        try:
            if ours and self._drain is not None:
                await self._drain(ours)
            await self.force_commit()
            self._share.end(ours)
        except Exception as exc:
            await self.crash(exc)  # aiokafka would only log it, and go on with half a rebalance
            raise
        if not self.app.should_stop:  # Faust would close the client from the wrong thread; it closes in order anyway
            await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[FaustTP], generation_id: int = 0) -> None:
        """Begin epochs, also for partitions that stay, then let Faust start its flow; nothing begins while stopping."""
        if self.app.should_stop:
            return
        self.rebalances += 1
        self.stop_flow()  # Faust forgets to when nothing was ours before; it resumes the flow when it is ready
        try:
            self._share.end(set(self.epochs))
            self._share.begin(assigned)
        except Exception as exc:
            await self.crash(exc)
            raise
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        """Commit a last time, unless something crashed (the thread may be gone), then end all epochs."""
        try:
            if not self.crashed:
                await super().on_stop()
        except KafkaError as exc:  # raised further, it would leave the thread running
            self.log.warning("The last commit failed: %r", exc)
        finally:
            self._share.end(set(self.epochs))

    # Fetching

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:
        """As Faust's, but polls with nothing assigned too: who stops polling is expelled from the group."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        if self._share.behind:
            await self._go_back()
        active = set(self._get_active_partitions())  # after the wait, in which partitions may have come or gone
        return await self._getmany(active, timeout), active

    def resume_flow(self) -> None:
        """As Faust's; a poll that waits since there was nothing to read looks again at once."""
        super().resume_flow()
        self._changed.set()

    async def _getmany(self, active_partitions: set[FaustTP] | None, timeout: float) -> Mapping[FaustTP, list[Any]]:
        """Fetch once. What a rebalance or a rewind overtook is dropped: its new epoch reads it again."""
        asked = dict(self.epochs)
        wanted = {tp for tp in active_partitions or () if self._share.readable(tp)}
        fetched = await (self._fetch(wanted, timeout) if wanted else self._idle(timeout))
        self.polled_s = time.monotonic()
        polled: dict[FaustTP, list[Any]] = {}
        batches: dict[str, list[RecordBatch]] = defaultdict(list)
        for tp, records in fetched.items():
            if tp.topic in self._share.topics:
                batches[tp.topic] += self._share.batches(TP(*tp), asked.get(TP(*tp)), records)
                self.read += len(records)
            else:
                polled[tp] = [consumer_record(tp, record) for record in records]
        return polled | {FaustTP(*some[0].tp): [Poll(some)] for some in batches.values() if some}

    async def _fetch(self, wanted: set[FaustTP], timeout: float) -> Mapping[FaustTP, list[Any]]:
        """Fetch from these; where retention has deleted what comes next, go on with what there is."""
        try:
            return await super()._getmany(wanted, timeout)
        except NoOffsetForPartitionError as exc:  # the group has committed nothing
            if exc.args[0].topic not in self._share.topics:  # of ours it was before we went back
                await self._thread.go_back({TP(*exc.args[0])})
            return {}
        except OffsetOutOfRangeError as exc:
            await self._skip({TP(*tp): offset for tp, offset in exc.args[0].items()})
            return {}

    async def _skip(self, positions: Mapping[TP, int]) -> None:
        epochs = dict(self.epochs)
        try:
            begins = await self._thread.go_to_beginning(positions)
        except (IllegalStateError, TimeoutError):  # rebalanced meanwhile, or no leader: the next fetch says it again
            return
        for tp, begin in begins.items():
            if self.epochs.get(tp) == epochs.get(tp, -1):
                self._share.expired(tp, positions[tp], begin)

    async def _idle(self, timeout: float) -> Mapping[FaustTP, list[Any]]:
        """Wait until something changes, then poll for nothing, which counts as polling."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()
        return await super()._getmany({NO_PARTITION}, 0)

    async def _go_back(self) -> None:
        epochs = {tp: self.epochs[tp] for tp in self._share.behind}
        try:
            await self._thread.go_back(set(epochs))
        except (IllegalStateError, TimeoutError) as exc:  # rebalanced meanwhile, or no coordinator
            self.log.info("Cannot go back to the committed offsets, trying again: %r", exc)
            return
        self._share.arrived(epochs)

    # Committing (the flags are positional because Faust passes them so)

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002
        """Commit what is due. While another commit runs: wait, then commit the rest (Faust's returns without)."""
        return await self.force_commit(topics, start_new_transaction)

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002
        """Commit what the ledger says and Kafka has not confirmed yet; True when something was committed."""
        async with self._committing:
            ours = await self._commit(self._share.due())
            return await super().force_commit(topics, start_new_transaction) or ours

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        """False when Kafka did not confirm, and the next interval tries again; raises what trying cannot mend."""
        if not offsets:
            return False
        epochs = dict(self.epochs)
        try:
            confirmed = await self._thread.put_offsets(offsets)
        except (CommitFailedError, IllegalStateError, TimeoutError) as exc:  # rebalanced meanwhile, or no coordinator
            self.log.info("Not committed, trying again: %r", exc)
            return False
        self._share.confirm(confirmed, epochs)
        return bool(confirmed)
