"""Growth: rate, memory and loop lag of a worker with all its work, by partitions and by shoppers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from benchmarks.ingest import Say, rate, whole
from benchmarks.load import Load, fill, make_topic
from benchmarks.servers import Servers


@dataclass(frozen=True, slots=True)
class Growth:
    """`shoppers` are tried with `partitions[1]`, `partitions` with `shoppers[1]`."""

    partitions: Sequence[int] = (1, 10, 64)
    shoppers: Sequence[int] = (1_000, 10_000, 100_000, 1_000_000)
    events: int = 500_000

    def steps(self) -> list[tuple[int, int]]:
        """Pairs of partitions and shoppers."""
        usual = self.partitions[1], self.shoppers[1]
        others = [(each, usual[1]) for each in self.partitions if each != usual[0]]
        return others + [(usual[0], each) for each in self.shoppers]


QUICK = Growth(partitions=(1, 4), shoppers=(100, 1_000), events=20_000)


async def run(growth: Growth, stage: Servers, say: Say) -> dict[str, Any]:
    """One run a step; there are at least as many events as shoppers."""
    return {"growth": [await _step(stage, growth, *step, say) for step in growth.steps()]}


async def _step(stage: Servers, growth: Growth, partitions: int, shoppers: int, say: Say) -> dict[str, Any]:
    topic, events = f"grown-{uuid4().hex[:8]}", max(growth.events, shoppers)
    await make_topic(stage.kafka.address, topic, partitions)
    await fill(stage.kafka.address, topic, Load(events, shoppers).records())
    told = await whole(stage, topic, events)
    say(f"{partitions} partitions, {shoppers:,} shoppers: {rate(told):,.0f} events/s, {told['peak_mb']:,.0f} MB")
    return {
        "partitions": partitions,
        "shoppers": shoppers,
        "events": events,
        "events_per_second": round(rate(told)),
        "peak_mb": round(told["peak_mb"]),
        "loop_lag_ms": told["loop_lag_ms"],
        "calls": told["calls"],
        "parked": told["parked"],
    }
