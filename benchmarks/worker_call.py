"""Worker call: the processor time of a call in a worker, without Kafka and the client, by itself:

    python -m benchmarks.worker_call [ROUNDS] [PROFILE]

A call is one shopper's turn, from the choice to the write's verdict: prompt, rules, answer, grounding, intent, Redis.
Every round is of other shoppers with five events each, who are all due when the clock starts. The model answers at
once; Redis is a process of its own. PROFILE is a file for cProfile, which makes everything slower.
"""

import asyncio
import cProfile
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from agents.health.statistics import Meter
from agents.worker.build import Ports, StorePorts, Worker, build
from agents.worker.routes import Slot
from agents.worker.upkeep import UpkeepRules
from benchmarks.instant_model import InstantModel
from benchmarks.load import Load
from clients.pools.client import ClassSlotSupplier, PooledClient
from clients.pools.endpoints import Endpoint, Pool
from penchant.offline.whatif.arrivals import Record
from penchant.offline.whatif.pipeline import EPOCH, TOPIC, NullDeadLetterSender
from penchant.settings.root import Settings
from penchant.worker.model_side import reasoning_of
from prompts.tokens import estimate
from sandbox.servers.redis import RedisServer
from storage.connection import Client, connect
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.events.decoding import Decoder
from streams.kafka.batches import TP, RecordBatch

SHOPPERS, EVENTS = 1_000, 5
ROUNDS = 15
BATCH = 500
LOOK_S, WITHIN_S = 0.005, 60.0


class Gate:
    """Slots that nobody gets until it is opened."""

    def __init__(self, slots: ClassSlotSupplier) -> None:
        self._slots, self.open = slots, False
        self.listen = slots.listen

    def room(self) -> bool:
        """Whether there is a slot for anybody."""
        return self.open and self._slots.room()

    def grant(self, shopper: str, waited_s: float, passed_s: float, *, urgent: bool = False) -> Slot | None:
        """A slot that suits this shopper."""
        return self._slots.grant(shopper, waited_s, passed_s, urgent=urgent)


async def measure(client: Client, shoppers: int, profile: cProfile.Profile | None = None) -> float:
    """Microseconds of this thread's processor time a call, of one round of so many shoppers."""
    meter, settings = Meter(), _settings()
    pools = PooledClient([Pool("model", (Endpoint(url="http://model"),))], lambda _: InstantModel())
    gate = Gate(pools.slots("live", settings.prompts.template(settings.prompt.version).version))
    worker = _worker(settings, client, pools, gate, meter)
    enrichment = worker.enrichment
    enrichment.assigned(TP(TOPIC, 0), EPOCH)
    serving = asyncio.create_task(enrichment.run())
    records = _records(shoppers)
    for at in range(0, len(records), BATCH):
        await enrichment.take(RecordBatch(TOPIC, 0, EPOCH, records[at : at + BATCH]))
    await asyncio.sleep(settings.triggers.max_wait_s)
    gc.collect()
    gate.open, began_s = True, time.thread_time()
    with _profiling(profile):
        worker.dispatch.nudge()
        await _until(lambda: meter.intents >= shoppers)
    cpu_s = time.thread_time() - began_s
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await worker.writer.close()
    return cpu_s / shoppers * 1e6


def _settings() -> Settings:
    usual = Settings()
    triggers = replace(usual.triggers, debounce_s=0.05, max_wait_s=0.1, min_interval_s=0.0)
    return usual.model_copy(update={"triggers": triggers, "calls": replace(usual.calls, max_in_flight=SHOPPERS)})


def _worker(settings: Settings, client: Client, pools: PooledClient, gate: Gate, meter: Meter) -> Worker:
    store = RedisCheckpoints(client, Keys(f"call-{uuid4().hex[:8]}"), settings.redis.timeout_s)
    ports = Ports(
        kept=StorePorts(store=store, name="bench", clock_ms=lambda: time.time_ns() // 1_000_000),
        letters=NullDeadLetterSender(),
        decoder=Decoder(),
        reasoning=reasoning_of(settings, estimate)(settings.prompt.version, settings.sampling),
        slots=gate,
        circuit_breaker=pools.circuit_breaker,
        meter=meter,
    )
    return build(settings, ports, UpkeepRules.of(settings.backlog))


def _records(shoppers: int) -> list[Record]:
    loaded = Load(shoppers * EVENTS, shoppers, pace_s=0.0, in_turns=True).records()
    return [Record(number, each.time_ms, each.key, each.value) for number, each in enumerate(loaded)]


@contextmanager
def _profiling(profile: cProfile.Profile | None) -> Iterator[None]:
    if profile is None:
        yield
        return
    with profile:
        yield


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110 # counts know of no listeners
            await asyncio.sleep(LOOK_S)


async def main(rounds: str = str(ROUNDS), file: str = "") -> None:
    """Measure, and print the least and the middle."""
    with tempfile.TemporaryDirectory() as folder:
        async with RedisServer(Path(folder)) as redis:
            client = connect(redis.url)
            try:
                profile = cProfile.Profile() if file else None
                found = sorted([await measure(client, SHOPPERS, profile) for _ in range(int(rounds))])
            finally:
                await client.aclose()
    if profile is not None:
        profile.dump_stats(file)
    sys.stdout.write(f"least {found[0]:.0f} us a call, middle {found[len(found) // 2]:.0f}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
