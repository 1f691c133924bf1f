"""Judge: what a worker does about its experiments when it hears from the fleet.

The worker that first sees an arm break a guardrail rolls the experiment back for the fleet. What is counted while Redis
is away may be lost.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import structlog

from agents.experiments.active_experiments import ALL_TIME_S, ActiveExperiments, bucket_s, conversions, pooled
from agents.experiments.assignment import CONTROL, Experiment
from agents.experiments.guardrails import BUCKET_S, BUCKETS, Breach, breach, loss
from agents.experiments.outcomes import Outcomes
from storage.fleet import CountKey, ExperimentDecision, Fleet, FleetStore

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ExperimentNotice:
    """Something that operators want to know of an experiment. `at_s` is on the event loop's clock."""

    kind: Literal["rolled_back"]
    experiment: str
    arm: str
    why: str
    at_s: float


class ExperimentJudge:
    """Of one worker. Times of counts are the store's: a worker whose own clock is wrong counts in the spans that the
    others look at, and forgets none of them. Whatever reads or writes raises StoreUnavailable."""

    def __init__(
        self,
        active_experiments: ActiveExperiments,
        outcomes: Outcomes,
        worker: str,
        notify: Callable[[ExperimentNotice], None] | None = None,
    ) -> None:
        self.active_experiments, self.worker = active_experiments, worker
        self._outcomes, self._notify = outcomes, notify
        self._deciding: dict[str, tuple[ExperimentDecision, str, str]] = {}

    def counted(self, fleet_ms: float) -> Mapping[CountKey, int]:
        """What was counted since the last time, for the experiments as they stand."""
        at_s = bucket_s(fleet_ms / 1e3)
        known = {each.name: each for each in self.active_experiments.running}
        serials = {name: self.active_experiments.decision(name).serial for name in known}
        calls, sessions = self._outcomes.take(), self._outcomes.take_sessions()
        return {
            CountKey(name, serials[name], known[name].definition, arm, at_s, what): count
            for ((name, arm), what), count in calls.items()
            if name in known
        } | {
            CountKey(name, serials[name], known[name].allocation, arm, ALL_TIME_S, what): count
            for ((name, arm), what), count in sessions.items()
            if name in known
        }

    async def hear(self, store: FleetStore, fleet: Fleet, fleet_ms: float, now_s: float) -> None:
        """Take up what was decided, judge the arms by all workers' counts, and forget what is too old to be looked at.
        `now_s` is the event loop's."""
        await self._learn(store, fleet, now_s)
        await self._judge(store, fleet, fleet_ms, now_s)
        oldest_s = bucket_s(fleet_ms / 1e3) - BUCKET_S * (BUCKETS + 1)
        await store.forget([key for key in fleet.counts if _is_over(key, fleet, oldest_s)])

    async def _learn(self, store: FleetStore, fleet: Fleet, now_s: float) -> None:
        """A Redis that has lost a decision hears of it again."""
        for name, decision in self.active_experiments.learn(fleet.decisions).items():
            ours, arm, why = self._deciding.pop(name, (None, "", ""))
            if ours == decision:  # Redis took it, and its reply was lost
                self._tell(name, arm, why, now_s)
            else:
                log.info("experiment.decided", experiment=name, **asdict(decision))
        for name, known in self.active_experiments.decisions.items():
            held = fleet.decisions.get(name)
            if held is None or held.serial < known.serial:
                await store.decide(name, known)

    async def _judge(self, store: FleetStore, fleet: Fleet, fleet_ms: float, now_s: float) -> None:
        for experiment in self.active_experiments.running:
            for arm, found in self._breaches(experiment, fleet, fleet_ms):
                await self._roll_back(store, experiment, (arm, f"{found.guardrail}: {found.told}"), fleet_ms, now_s)
                break

    def _breaches(self, experiment: Experiment, fleet: Fleet, fleet_ms: float) -> Iterator[tuple[str, Breach]]:
        """The live arms that break a guardrail, by their calls or by their sessions."""
        serial = self.active_experiments.decision(experiment.name).serial
        arms = pooled(fleet.counts, experiment, serial, fleet_ms / 1e3)
        sessions, rules = conversions(fleet.counts, experiment, serial), experiment.guardrails
        for name in (arm.name for arm in experiment.arms if arm.kind == "live"):
            found = breach(arms[name], arms[CONTROL], rules) if arms.keys() >= {name, CONTROL} else None
            if found is None and sessions.keys() >= {name, CONTROL}:
                found = loss(sessions[name], sessions[CONTROL], rules)
            if found is not None:
                yield name, found

    async def _roll_back(
        self, store: FleetStore, experiment: Experiment, cause: tuple[str, str], fleet_ms: float, now_s: float
    ) -> None:
        name, (arm, why) = experiment.name, cause
        serial = self.active_experiments.decision(name).serial + 1
        who, told = f"worker {self.worker}", f"arm {arm}: {why}"
        decision = ExperimentDecision(serial, "back", who, told, round(fleet_ms), experiment.definition)
        self._deciding[name] = decision, arm, why
        if not await store.decide(name, decision):
            return  # somebody else was quicker, and is heard the next time
        del self._deciding[name]
        self.active_experiments.learn({name: decision})
        self._tell(name, arm, why, now_s)

    def _tell(self, name: str, arm: str, why: str, now_s: float) -> None:
        log.warning("experiment.rolled_back", experiment=name, arm=arm, why=why, then="an operator brings it forward")
        if self._notify is not None:
            self._notify(ExperimentNotice("rolled_back", name, arm, why, now_s))


def _is_over(key: CountKey, fleet: Fleet, oldest_s: int) -> bool:
    """Whether nobody looks at it any more: a span goes by its age, the whole time when the experiment was decided on
    since. What one was rolled back for is looked at until it is brought forward."""
    if key.bucket_s != ALL_TIME_S:
        return key.bucket_s < oldest_s
    decision = fleet.decisions.get(key.experiment)
    return decision is not None and key.serial < decision.counted_serial
