"""Knobs: what is tuned, from where to where, in the words of `penchant whatif --with`. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

AS_IT_IS = ""
"""The settings in force."""

STARTS = (AS_IT_IS, "profile=fresh", "profile=balanced", "profile=thrifty")
"""What is tried first."""

TIMES_DEBOUNCE = "triggers.max_wait_s / triggers.debounce_s"


class Range(NamedTuple):
    """From where to where, as likely within each doubling."""

    low: float
    high: float


RANGES: Mapping[str, Range] = {
    "triggers.debounce_s": Range(0.2, 6.0),
    TIMES_DEBOUNCE: Range(1.5, 6.0),
    "triggers.min_interval_s": Range(0.5, 12.0),
}
CHOICES: Mapping[str, Sequence[str]] = {
    "triggers.urgent": ("cart_add,checkout,purchase,search", "checkout,purchase", "cart_add,checkout,purchase"),
    "triggers.overtaken": ("0", "0.5", "0.8"),
    "triggers.max_calls_per_hour": ("360", "120", "60"),
    "calls.unchanged_for_s": ("0", "15", "60", "600", "1800"),
    "session.high_rows": ("60", "30", "120"),
}
USUAL: Mapping[str, str | float] = {
    "triggers.debounce_s": 0.3,
    TIMES_DEBOUNCE: 3.3,
    "triggers.min_interval_s": 1.0,
    **{name: choices[0] for name, choices in CHOICES.items()},
}
PROMISING: Sequence[Mapping[str, str | float]] = (
    {**USUAL, "triggers.overtaken": "0.5", "calls.unchanged_for_s": "600"},
    {**USUAL, "calls.unchanged_for_s": "1800"},
    {**USUAL, "triggers.debounce_s": 1.0, "triggers.min_interval_s": 2.0, "calls.unchanged_for_s": "600"},
    {**USUAL, "triggers.overtaken": "0.5", "triggers.min_interval_s": 2.0, "triggers.urgent": "checkout,purchase"},
)
"""What is tried then, from which the search learns: calls at once, or as the rhythm has it, and some left out."""

LOW_ROWS = 0.6
"""session.low_rows, as a share of session.high_rows."""


@dataclass(frozen=True, slots=True)
class Machines:
    """Which GPUs are to choose from: from so many to so many, and on which of these timings, each with the dollars of
    its hour. None: those of the settings."""

    gpus: tuple[int, int] | None = None
    timings: Mapping[str, float] | None = None

    @property
    def varied(self) -> bool:
        """Whether there is something to choose: then what is paid is their rent."""
        return self.gpus is not None and self.gpus[0] < self.gpus[1]


class Suggestions(Protocol):
    """What chooses a value of each knob: a trial of Optuna."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float: ...

    def suggest_int(self, name: str, low: int, high: int) -> int: ...

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str: ...


def words(trial: Suggestions, machines: Machines) -> str:
    """The settings of a trial, in all ten knobs."""
    found = {name: trial.suggest_float(name, *bounds, log=True) for name, bounds in RANGES.items()}
    chosen = {name: trial.suggest_categorical(name, choices) for name, choices in CHOICES.items()}
    wait_s = found["triggers.debounce_s"] * found.pop(TIMES_DEBOUNCE)
    given = {name: f"{value:.2f}" for name, value in found.items()}
    given |= {"triggers.max_wait_s": f"{wait_s:.2f}"} | chosen
    given |= {"learning.enabled": "true"} if chosen["triggers.overtaken"] != "0" else {}
    given["session.low_rows"] = str(round(int(chosen["session.high_rows"]) * LOW_ROWS))
    return " ".join([*(f"{name}={value}" for name, value in given.items()), *_machines(trial, machines)])


def start(known: str, machines: Machines) -> str:
    """A known way, on the most GPUs that there may be, of the first timing."""
    timing = next(iter(machines.timings.items()), None) if machines.timings else None
    on = [f"gpus={machines.gpus[1]}"] if machines.gpus else []
    on += [f"timing={timing[0]} per_hour={timing[1]:g}"] if timing else []
    return " ".join([*([known] if known else []), *on])


def _machines(trial: Suggestions, machines: Machines) -> Sequence[str]:
    chosen = []
    if machines.gpus:
        chosen.append(f"gpus={trial.suggest_int('gpus', *machines.gpus)}")
    if machines.timings:
        name = trial.suggest_categorical("timing", tuple(machines.timings))
        chosen.append(f"timing={name} per_hour={machines.timings[name]:g}")
    return chosen
