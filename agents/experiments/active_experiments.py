"""Active experiments: those of the settings that are in force now. Does no I/O.

What was decided on an experiment holds for its name: one that was rolled back stays so, however it is changed, until an
operator says otherwise.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby

from agents.experiments.assignment import Assignment, Experiment, assign
from agents.experiments.guardrails import BUCKET_S, BUCKETS
from agents.experiments.lift import Conversions
from agents.experiments.outcomes import Counts
from storage.fleet import CountKey, ExperimentDecision

UNDECIDED = ExperimentDecision(0, "forward", "", "", 0)


class ActiveExperiments:
    """Before anything is known of what was decided, none is in force: a worker that starts brings nothing back."""

    def __init__(self, experiments: Sequence[Experiment]) -> None:
        self.experiments = tuple(experiments)
        self.decisions: dict[str, ExperimentDecision] = {}
        self._known = False
        self._sort_out()

    @property
    def running(self) -> tuple[Experiment, ...]:
        """Those in force."""
        return self._running

    def assign(self, shopper: str) -> Assignment:
        """Where a shopper is now."""
        return assign(self._running, shopper)

    def decision(self, experiment: str) -> ExperimentDecision:
        """What was decided last."""
        return self.decisions.get(experiment, UNDECIDED)

    def take_up(self, experiments: Sequence[Experiment]) -> None:
        """These are the experiments from now on."""
        self.experiments = tuple(experiments)
        self._sort_out()

    def learn(self, decisions: Mapping[str, ExperimentDecision]) -> dict[str, ExperimentDecision]:
        """What was decided, as far as it was not known; an earlier decision never takes the place of a later one."""
        news = {name: found for name, found in decisions.items() if found.serial > self.decision(name).serial}
        self.decisions |= news
        self._known = True
        self._sort_out()
        return news

    def _sort_out(self) -> None:
        in_force = (each for each in self.experiments if self.decision(each.name).state == "forward")
        self._running = tuple(in_force) if self._known else ()


def pooled(
    counts: Mapping[CountKey, int], experiment: Experiment, serial: int, now_s: float
) -> dict[str, list[Counts]]:
    """What became of the calls of each arm, the control too, by span of time, the oldest first; all have all spans."""
    newest_s = bucket_s(now_s)
    spans = [newest_s - BUCKET_S * back for back in reversed(range(BUCKETS))]
    wanted = (experiment.name, serial, experiment.definition)
    ours = sorted(key for key in counts if (key.experiment, key.serial, key.definition) == wanted)
    found = {
        (arm, at_s): Counts.of({key.what: counts[key] for key in keys})
        for (arm, at_s), keys in groupby(ours, key=lambda key: (key.arm, key.bucket_s))
    }
    arms = dict.fromkeys(arm for arm, _ in found)
    return {arm: [found.get((arm, at_s), Counts()) for at_s in spans] for arm in arms}


ALL_TIME_S = -1
"""In the place of a span of time: what is counted for as long as the experiment stands as it is."""


def conversions(counts: Mapping[CountKey, int], experiment: Experiment, serial: int) -> dict[str, Conversions]:
    """What became of the sessions of each arm, the control too, since the experiment stands as it is."""
    wanted = (experiment.name, serial, experiment.allocation, ALL_TIME_S)
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for key, count in counts.items():
        if (key.experiment, key.serial, key.definition, key.bucket_s) == wanted:
            found[key.arm][key.what] = count
    return {arm: Conversions.of(by_what) for arm, by_what in found.items()}


def bucket_s(now_s: float) -> int:
    """The beginning of the span of time that this moment is in."""
    return int(now_s // BUCKET_S) * BUCKET_S
