"""The consumer: what streams/kafka/transport.py does with Faust and aiokafka, here with the simulated broker.

The bookkeeping is the real one (streams/kafka/assignment.py). As there: an eager group, epochs that begin behind, a
buffer of batches that outlives a rebalance, commits of what the ledger says, and one agent that takes one batch after
the other.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable
from functools import partial

from agents.worker.enrichment import Enrichment
from streams.errors import BrokerUnavailable
from streams.kafka.assignment import Assignment
from streams.kafka.batches import TP, RecordBatch
from tests.simulation.broker import Broker
from tests.simulation.log import TOPIC, Isolation
from tests.simulation.trace import Trace
from tests.simulation.wire import Refused, Wire

HEARTBEAT_S = 0.4
COMMIT_S = 0.5
DRAIN_S = 0.3
IDLE_S = 1.0
BUFFERED = 4


class Consumer:
    """One worker's consumer, and the Log of its enrichment."""

    isolation: Isolation = "read_committed"

    def __init__(
        self, name: str, broker: Broker, wire: Wire, enrichment: Enrichment, chance: random.Random, trace: Trace
    ) -> None:
        self.name, self._broker, self._wire, self._enrichment = name, broker, wire, enrichment
        self._chance, self._trace = chance, trace
        self._share = Assignment({TOPIC}, enrichment)
        self._positions: dict[TP, int] = {}
        self._generation = -1
        self._buffer: asyncio.Queue[RecordBatch] = asyncio.Queue(BUFFERED)
        self._changed = asyncio.Event()
        self._committing = asyncio.Lock()
        self.rewound: Callable[[TP], None] = lambda _: None
        broker.ringing[name] = self._ring

    def _ring(self, tp: TP) -> None:
        """There are new records."""
        if tp in self._share.epochs:
            self._changed.set()

    # The port `Log`

    def pause(self, tps: Iterable[TP]) -> None:
        self._trace.say(self.name, "pauses")
        self._share.pause(tps)

    def resume(self, tps: Iterable[TP]) -> None:
        self._share.resume(tps)
        self._changed.set()

    def rewind(self, tps: Iterable[TP] | None = None) -> None:
        again = [tp for tp in self._share.epochs if tps is None or tp in set(tps)]
        self._trace.say(self.name, f"rewinds {[tp.partition for tp in again]}")
        for tp in again:
            self.rewound(tp)
        self._share.end(again)
        self._share.begin(again)
        self._changed.set()

    # What it does

    async def run(self) -> None:
        """Take part in the group, fetch, hand out, commit; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take_part())
            tasks.create_task(self._fetch())
            tasks.create_task(self._hand_out())
            tasks.create_task(self._commit_now_and_then())

    async def stop(self) -> None:
        """Drain, commit, leave the group. Call it when `run` has been cancelled."""
        await self._enrichment.drain(list(self._share.epochs), DRAIN_S)
        await self._commit()
        self._share.end(list(self._share.epochs))
        with contextlib.suppress(BrokerUnavailable):
            await self._wire.ask(partial(self._broker.leave, self.name))

    async def _take_part(self) -> None:
        while True:
            await self._join()
            while await self._belongs():
                pass
            await self._revoke()

    async def _join(self) -> None:
        while True:
            with contextlib.suppress(BrokerUnavailable):
                answer = await self._wire.ask(partial(self._broker.join, self.name))
                if answer is not None:
                    break
            await asyncio.sleep(0.05 + self._chance.random() * 0.1)
        self._generation, tps = answer
        self._trace.say(self.name, f"is assigned {sorted(tp.partition for tp in tps)}")
        self._share.end(list(self._share.epochs))
        self._share.begin(tps)
        self._changed.set()

    async def _belongs(self) -> bool:
        """Wait a heartbeat. Who cannot reach the broker does not learn that it was expelled."""
        await asyncio.sleep(HEARTBEAT_S * (0.5 + self._chance.random()))
        try:
            await self._wire.ask(partial(self._broker.heartbeat, self.name, self._generation))
        except Refused:
            return False
        except BrokerUnavailable:
            return True
        return True

    async def _revoke(self) -> None:
        tps = list(self._share.epochs)
        self._trace.say(self.name, f"gives up {sorted(tp.partition for tp in tps)}")
        self._share.pause(tps)
        await self._enrichment.drain(tps, DRAIN_S)
        await self._commit()
        self._share.end(tps)

    async def _fetch(self) -> None:
        while True:
            self._changed.clear()
            more = False
            try:
                if self._share.behind:
                    await self._go_back()
                more = await self._fetch_once()
            except BrokerUnavailable:
                await asyncio.sleep(0.2)
                continue
            if not more:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_S):
                        await self._changed.wait()

    async def _fetch_once(self) -> bool:
        """Whether there may be more at once."""
        asked = dict(self._share.epochs)
        wanted = [tp for tp in asked if self._share.readable(tp)]
        self._chance.shuffle(wanted)
        if not wanted:
            return False
        positions = {tp: self._positions[tp] for tp in wanted}
        most = self._chance.randint(1, 24)
        fetch = partial(self._broker.fetch, positions, most, self.isolation)
        begins, fetched = await self._wire.ask(lambda: (self._broker.begins(), fetch()))
        for tp, position in positions.items():
            if position < begins[tp] and asked[tp] == self._share.epochs.get(tp):
                fetched.pop(tp, None)
                self._skip(tp, begins[tp])
        for tp, records in fetched.items():
            for batch in self._share.batches(tp, asked.get(tp), records):
                self._positions[tp] = records[-1].offset + 1
                await self._buffer.put(batch)
        return sum(map(len, fetched.values())) == most

    def _skip(self, tp: TP, begin: int) -> None:
        """What stands there is deleted: go on with the first record that is not."""
        self._share.expired(tp, self._positions[tp], begin)
        self._positions[tp] = begin
        self._changed.set()

    async def _go_back(self) -> None:
        epochs = {tp: self._share.epochs[tp] for tp in self._share.behind}
        committed = await self._wire.ask(self._broker.committed)
        for tp in self._share.arrived(epochs):
            self._positions[tp] = committed.get(tp, 0)

    async def _hand_out(self) -> None:
        while True:
            batch = await self._buffer.get()
            if self._trace.on:
                first, last = batch.records[0].offset, batch.records[-1].offset
                self._trace.say(self.name, f"takes {batch.partition}/{first}..{last}")
            await self._enrichment.take(batch)

    async def _commit_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_S * (0.5 + self._chance.random()))
            await self._commit()

    async def _commit(self) -> None:
        async with self._committing:
            offsets, epochs = self._share.due(), dict(self._share.epochs)
            if not offsets:
                return
            try:
                await self._wire.ask(partial(self._broker.commit, self.name, self._generation, offsets))
            except (BrokerUnavailable, Refused) as error:
                self._trace.say(self.name, f"commit failed: {error!r}")
                return
            self._share.confirm(offsets, epochs)


ConsumerFactory = Callable[[str, Broker, Wire, Enrichment, random.Random, Trace], Consumer]
