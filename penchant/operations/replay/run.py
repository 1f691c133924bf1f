"""Run: what `penchant replay` does, from its connections to its outcome."""

import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from agents.replay.calls import ReplayCounts
from penchant.operations.replay.compare import Comparison
from penchant.operations.replay.plan import ReplayPlan
from penchant.operations.replay.progress import Progress
from penchant.operations.replay.stage import Stage
from penchant.settings.root import Settings
from penchant.telemetry.traces.tracing import traced
from penchant.worker.model_side import ModelSide
from streams.kafka.reader import TopicReader

EAGERNESS = 0.3
"""How much waiting on a model server a replay tolerates: little, so that it gives way to live calls."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What it came to; `comparison` with what is live, of a replay into a namespace of its own;
    `resumed_at` the offsets by partition, of one that went on."""

    tally: ReplayCounts
    records: int
    seconds: float
    comparison: Comparison | None
    cost: float
    resumed_at: Mapping[int, int] = field(default_factory=dict)


async def replay(settings: Settings, plan: ReplayPlan, progress: Progress) -> Outcome:
    """Run to the end of the range. Cancelled or killed, the same plan goes on where it was. Raises as a worker does."""
    began_s = time.monotonic()
    async with AsyncExitStack() as stack:
        redis = settings.redis.connect()
        stack.push_async_callback(redis.aclose)
        pools = ModelSide(settings, None, None).everybody(EAGERNESS)
        stack.push_async_callback(pools.close)
        tracing = await stack.enter_async_context(traced(settings))
        stage = Stage(settings, plan, redis, pools, progress)
        reader = None if plan.file else await stack.enter_async_context(TopicReader(settings.kafka.options))
        await stage.prepare(reader)
        async with stage.follow_erasures():
            await stage.run(reader, tracing.replayed)
        comparison = await stage.compare() if plan.namespace else None
    cost = sum(replica.cost for replica in pools.replicas)
    seconds = time.monotonic() - began_s
    return Outcome(progress.tally, progress.total, seconds, comparison, cost, progress.resumed_at)
