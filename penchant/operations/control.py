"""Control: what operators see of a fleet, and what they decide on an experiment."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from agents.experiments.active_experiments import UNDECIDED, pooled
from agents.experiments.assignment import CONTROL, Experiment
from agents.experiments.outcomes import Counts
from penchant.settings.root import Settings
from storage.connection import connect
from storage.control import Control, ExperimentDecision, RedisControl
from storage.keys import Keys
from streams.errors import SettingInvalid, StoreUnavailable

TRIES = 5


@dataclass(frozen=True, slots=True)
class ArmView:
    """An arm, and what became of its calls in the last hour, on all workers."""

    name: str
    kind: str
    percent: float
    counts: Counts


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """An experiment, what was decided on it last, and its arms, the control last. `changed`: it is another one now than
    when that was decided. Of one that was rolled back it is the counts on which that was done."""

    name: str
    decision: ExperimentDecision
    changed: bool
    arms: tuple[ArmView, ...]


@dataclass(frozen=True, slots=True)
class FleetView:
    """All of it; `workers` are those alive."""

    experiments: tuple[ExperimentView, ...]
    workers: tuple[str, ...]


async def status(settings: Settings) -> FleetView:
    """What stands in the control hash, for the experiments of the settings. StoreUnavailable, StoreCorrupt."""
    async with _store(settings) as store:
        control = await store.read()
        workers = await store.living(sorted(control.workers))
    views = (_view(control, each) for each in settings.experiments)
    return FleetView(tuple(views), tuple(workers))


async def decide(settings: Settings, name: str, decision: ExperimentDecision) -> ExperimentDecision:
    """Bring an experiment forward, or back. What stands already is left as it is; returns what stands then.

    The serial number, time and definition are filled in here.
    """
    experiment = next((each for each in settings.experiments if each.name == name), None)
    if experiment is None:
        known = ", ".join(each.name for each in settings.experiments) or "none is there"
        raise SettingInvalid(f"there is no experiment {name} in the settings", f"name one of them: {known}")
    async with _store(settings) as store:
        for _ in range(TRIES):
            held = (await store.read()).decisions.get(name, UNDECIDED)
            if held.state == decision.state:
                return held
            wanted = replace(
                decision, serial=held.serial + 1, at_ms=time.time_ns() // 1_000_000, definition=experiment.definition
            )
            if await store.decide(name, wanted):
                return wanted
    raise StoreUnavailable(f"others decide on {name} all the time")


def _view(control: Control, experiment: Experiment) -> ExperimentView:
    decision = control.decisions.get(experiment.name, UNDECIDED)
    serial = decision.serial - (decision.state == "back")
    ours = (key.bucket_s for key in control.counts if (key.experiment, key.serial) == (experiment.name, serial))
    judged = max(ours, default=0)
    now_s = time.time() if decision.state == "forward" else judged
    found = {arm: sum(spans, Counts()) for arm, spans in pooled(control.counts, experiment, serial, now_s).items()}
    left = 100.0 - sum(arm.hundredths for arm in experiment.treatments) / 100
    arms = [(arm.name, arm.kind, arm.hundredths / 100) for arm in experiment.arms] + [(CONTROL, "live", round(left, 2))]
    return ExperimentView(
        experiment.name,
        decision,
        decision.serial > 0 and decision.definition != experiment.definition,
        tuple(ArmView(*arm, found.get(arm[0], Counts())) for arm in arms),
    )


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[RedisControl]:
    redis = connect(settings.redis.url, cluster=settings.redis.cluster)
    try:
        yield RedisControl(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
    finally:
        await redis.aclose()
