"""Rekeying: in some runs events come by way of a source topic that is not keyed, through a rekey that is killed now and
then. Findings begin with `rekey`."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any
from zlib import crc32

from agents.health.statistics import Meter
from agents.rekey.rekey import Keyed, Rekey
from agents.worker.refusals import Refusals
from sandbox.clock import Process
from streams.errors import BrokerUnavailable
from streams.events.dialects import dialect
from streams.events.event import ShopperEvent
from streams.kafka.batches import TP
from streams.records.dead_letters import LimitRules
from tests.fakes.no_letters import NoLetters
from tests.simulation.broker import Broker
from tests.simulation.consumer import Consumer
from tests.simulation.log import TOPIC
from tests.simulation.scale import BROKER_TIMEOUT_S, SESSION_TIMEOUT_S
from tests.simulation.traffic import Append
from tests.simulation.wire import Wire
from tests.simulation.world import Environment

SOURCES, AGAIN_S = 2, 0.1
DOWN_S = 0.7

MakeRekey = Callable[..., Rekey]


class InLine:
    """An idempotent producer: in the order given, each once, and again until the broker has it."""

    def __init__(self, wire: Wire, arrive: Callable[[Keyed], None]) -> None:
        self._wire, self._arrive = wire, arrive
        self._waiting: asyncio.Queue[tuple[int, Keyed, asyncio.Future[None]]] = asyncio.Queue()
        self._sent, self._taken = 0, -1

    async def send(self, records: Sequence[Keyed]) -> Sequence[Awaitable[object]]:
        sent = []
        for record in records:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.put_nowait((self._sent, record, future))
            self._sent += 1
            sent.append(future)
        return sent

    async def acknowledged(self, sent: Sequence[Awaitable[object]]) -> None:
        await asyncio.gather(*sent)

    async def run(self) -> None:
        """Send what is in line."""
        while True:
            number, record, future = await self._waiting.get()
            while not future.done():
                try:
                    await self._wire.ask(partial(self._take, number, record))
                    future.set_result(None)
                except BrokerUnavailable:
                    await asyncio.sleep(AGAIN_S)

    def _take(self, number: int, record: Keyed) -> None:
        if number > self._taken:
            self._taken = number
            self._arrive(record)


class Rekeying:
    """The source, what stands there, and the process that sends it on."""

    def __init__(self, world: Environment, make: MakeRekey) -> None:
        self._world, self._make, self._lives = world, make, 0
        self._chance = world.chance("rekey")
        self._source = Broker(world.clock, SOURCES, self._chance, world.trace, SESSION_TIMEOUT_S)
        self._source.watch = self._watch
        self._stands: dict[tuple[int, int], ShopperEvent] = {}
        self._events: dict[bytes, ShopperEvent] = {}
        self._arrived: Counter[bytes] = Counter()
        self._process: Process | None = None

    def begin(self) -> None:
        """Start it, and kill it now and then."""
        self._start()
        for _ in range(self._chance.randint(1, 3)):
            self._world.process.call_at(self._chance.uniform(0.5, self._world.plan.traffic_shape.seconds), self._crash)

    def append(self, append: Append) -> None:
        """An event arrives at the source, anywhere there."""
        [event] = append.events
        tp = TP(TOPIC, self._chance.randrange(SOURCES))
        record = self._source.append(tp, self._world.clock_ms(), None, append.value)
        self._stands[tp.partition, record.offset] = event
        self._events[append.value or b""] = event

    def unsettled(self) -> Iterator[str]:
        """What has not arrived in the end."""
        for tp, end in self._source.ends().items():
            yield from self._missing(tp, end)
            if self._source.group.committed.get(tp, 0) < end:
                yield f"rekey: the source {tp.partition} is committed before its end {end}"

    def _watch(self, _: str, tp: TP, offset: int) -> None:
        self._world.wrong += self._missing(tp, offset)

    def _missing(self, tp: TP, below: int) -> Iterator[str]:
        stands = ((tp.partition, offset) for offset in range(below))
        wanted = Counter(self._stands[place].event_id.encode() for place in stands if place in self._stands)
        for event_id, count in wanted.items():
            if self._arrived[event_id] < count:
                what = f"{event_id.decode()} stands before {below} of the source {tp.partition}"
                yield f"rekey: {what}, and has not arrived"

    def _start(self) -> None:
        self._lives += 1
        self._process = process = self._world.clock.process(f"rekey.{self._lives}")
        process.create_task(self._run(process))

    def _crash(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._source.ringing.pop(self._process.name, None)
            self._process = None
            self._world.process.call_later(DOWN_S, self._start)

    async def _run(self, process: Process) -> None:
        world, chance = self._world, self._world.chance(process.name)
        wire = Wire(world.process, world.broker.weather, chance, BROKER_TIMEOUT_S, BrokerUnavailable)
        target = InLine(wire, self._arrive)
        rekey = self._make(
            {TOPIC: dialect("native", keyed=False)}, target, Refusals(NoLetters(), LimitRules(), Meter())
        )
        share: Any = Share(rekey)
        consumer = Consumer(process.name, self._source, wire, share, chance, world.trace)
        async with asyncio.TaskGroup() as tasks:
            for running in (rekey.run(), target.run(), consumer.run()):
                tasks.create_task(running)

    def _arrive(self, record: Keyed) -> None:
        world, event = self._world, self._events[record.value]
        self._arrived[event.event_id.encode()] += 1
        number = crc32(record.key) % world.plan.traffic_shape.partitions
        world.append(Append(world.clock.now_s, number, record.key, record.value, (event,)), record.timestamp_ms)


class Share:
    """A rekey, as the simulated consumer asks for it."""

    def __init__(self, rekey: Rekey) -> None:
        self._rekey = rekey

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rekey, name)

    async def drain(self, _: Collection[TP], bound_s: float) -> None:
        """All partitions at once."""
        await self._rekey.drain(bound_s)
