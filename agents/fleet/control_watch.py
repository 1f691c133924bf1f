"""Control watch: once a second a worker tells the fleet what became of its calls, and hears what was decided.

The worker that first sees an arm break a guardrail rolls the experiment back for the fleet. While Redis is away the
last known state stays in force; nothing waits for it, and what is counted meanwhile may be lost.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import structlog

from agents.experiments.active_experiments import ActiveExperiments, bucket_s, pooled
from agents.experiments.assignment import CONTROL, Experiment
from agents.experiments.guardrails import BUCKET_S, BUCKETS, breach
from agents.experiments.outcomes import Outcomes
from storage.control import Control, ControlStore, CountKey, ExperimentDecision
from streams.errors import StoreCorrupt, StoreUnavailable

EVERY_S = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ExperimentNotice:
    """Something that operators want to know of an experiment. `at_s` is on the event loop's clock."""

    kind: Literal["rolled_back"]
    experiment: str
    arm: str
    why: str
    at_s: float


class ControlWatch:
    """`away` says why the control hash cannot be read; `read_s` is when it last was, on the event loop's clock."""

    def __init__(
        self,
        store: ControlStore,
        active_experiments: ActiveExperiments,
        outcomes: Outcomes,
        worker: str,
        clock_ms: Callable[[], int],
        notify: Callable[[ExperimentNotice], None] | None = None,
    ) -> None:
        self._store, self.active_experiments, self._outcomes = store, active_experiments, outcomes
        self.worker, self._clock_ms, self._notify = worker, clock_ms, notify
        self._deciding: dict[str, tuple[ExperimentDecision, str, str]] = {}
        self.away: str | None = None
        self.read_s: float | None = None
        self._ahead_ms: float | None = None

    def _fleet_ms(self) -> float:
        """The store's time, as far as its last answer tells: a worker whose own clock is wrong counts in the spans that
        the others look at, and forgets none of them."""
        if self._ahead_ms is None:
            return self._clock_ms()
        return asyncio.get_running_loop().time() * 1e3 + self._ahead_ms

    async def begin(self) -> None:
        """Look once, before anybody is called for; forget the names of workers that are gone."""
        control = await self.look()
        if control is not None:
            try:
                await self._store.living(sorted(control.workers))
            except StoreUnavailable as error:
                self._note(error)

    async def run(self, every_s: float = EVERY_S) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.look()

    async def look(self) -> Control | None:
        """Look once; None while the hash cannot be read."""
        try:
            control = await self._store.sync(self.worker, self._counted())
            self.read_s = asyncio.get_running_loop().time()
            self._ahead_ms = None if control.at_ms is None else control.at_ms - self.read_s * 1e3
            await self._learn(control)
            await self._judge(control)
            await self._forget(control)
        except (StoreUnavailable, StoreCorrupt) as error:
            self._note(error)
            return None
        self._note(None)
        return control

    def _counted(self) -> Mapping[CountKey, int]:
        """What was counted since the last time, for the experiments as they stand."""
        at_s = bucket_s(self._fleet_ms() / 1e3)
        known = {
            each.name: (self.active_experiments.decision(each.name).serial, each.definition)
            for each in self.active_experiments.running
        }
        return {
            CountKey(name, *known[name], arm, at_s, what): count
            for ((name, arm), what), count in self._outcomes.take().items()
            if name in known
        }

    async def _learn(self, control: Control) -> None:
        """Hear what was decided. A Redis that has lost it is told again."""
        for name, decision in self.active_experiments.learn(control.decisions).items():
            ours, arm, why = self._deciding.pop(name, (None, "", ""))
            if ours == decision:  # Redis took it, and its reply was lost
                self._tell(name, arm, why)
            else:
                log.info("experiment.decided", experiment=name, **asdict(decision))
        for name, known in self.active_experiments.decisions.items():
            held = control.decisions.get(name)
            if held is None or held.serial < known.serial:
                await self._store.decide(name, known)

    async def _judge(self, control: Control) -> None:
        for experiment in self.active_experiments.running:
            arms = pooled(
                control.counts,
                experiment,
                self.active_experiments.decision(experiment.name).serial,
                self._fleet_ms() / 1e3,
            )
            theirs = arms.get(CONTROL)
            for arm in experiment.arms:
                mine = arms.get(arm.name)
                if arm.kind != "live" or mine is None or theirs is None:
                    continue
                if found := breach(mine, theirs, experiment.guardrails):
                    await self._roll_back(experiment, arm.name, f"{found.guardrail}: {found.told}")
                    break

    async def _roll_back(self, experiment: Experiment, arm: str, why: str) -> None:
        name, serial = experiment.name, self.active_experiments.decision(experiment.name).serial + 1
        told = f"arm {arm}: {why}"
        decision = ExperimentDecision(
            serial, "back", f"worker {self.worker}", told, round(self._fleet_ms()), experiment.definition
        )
        self._deciding[name] = decision, arm, why
        if not await self._store.decide(name, decision):
            return  # somebody else was quicker, and is heard the next time
        del self._deciding[name]
        self.active_experiments.learn({name: decision})
        self._tell(name, arm, why)

    def _tell(self, name: str, arm: str, why: str) -> None:
        log.warning("experiment.rolled_back", experiment=name, arm=arm, why=why, then="an operator brings it forward")
        if self._notify is not None:
            self._notify(ExperimentNotice("rolled_back", name, arm, why, asyncio.get_running_loop().time()))

    async def _forget(self, control: Control) -> None:
        """Counts that are older than what is looked back over serve nobody."""
        oldest_s = bucket_s(self._fleet_ms() / 1e3) - BUCKET_S * (BUCKETS + 1)
        if old := [key for key in control.counts if key.bucket_s < oldest_s]:
            await self._store.forget(old)

    def _note(self, error: StoreUnavailable | StoreCorrupt | None) -> None:
        if error is not None and self.away is None:
            log.warning("control.away", error=str(error), then="what was last decided stays in force")
        if error is None and self.away is not None:
            log.info("control.back")
        self.away = None if error is None else str(error)
