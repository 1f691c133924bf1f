"""Experiments: which shoppers are in which arm. Pure: it depends on names and percentages alone.

A shopper's place in an experiment is one of 10,000, drawn by hash of the names of the experiment and the shopper: the
same for ever and on every worker, and it says nothing of the place in another experiment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from agents.experiments.guardrails import GuardrailRules
from agents.experiments.outcomes import ArmKey
from clients.calls import Sampling

PLACES = 10_000
CONTROL = "control"

Kind = Literal["live", "shadow", "holdout"]


@dataclass(frozen=True, slots=True)
class Arm:
    """What some shoppers get in place of what everybody gets. `hundredths` of a percent of the shoppers are in it.

    A `live` arm's answers become intents, a `shadow` arm's are compared and thrown away, a `holdout` gets no intent.
    None: as everybody.
    """

    name: str
    hundredths: int
    kind: Kind = "live"
    pool: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    sampling: Sampling | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """Arms beside each other. Whoever is in none of those that are live or a holdout is its control."""

    name: str
    arms: tuple[Arm, ...]
    guardrails: GuardrailRules = field(default_factory=GuardrailRules)

    @property
    def treatments(self) -> tuple[Arm, ...]:
        """The arms that no shopper is in two of."""
        return tuple(arm for arm in self.arms if arm.kind != "shadow")

    @property
    def definition(self) -> str:
        """Changes when an arm is another one, and not when only percentages or guardrails change."""
        told = [(arm.name, arm.kind, arm.pool, arm.model, arm.prompt_version, repr(arm.sampling)) for arm in self.arms]
        return blake2b(repr(told).encode(), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a shopper is. `arm` is the one that treats them; `label` is what their intents say, nothing of experiments
    that only shadow; `counted` are those whose calls theirs count as; `shadow` is asked beside, and not heard."""

    label: str = ""
    arm: ArmKey | None = None
    withheld: bool = False
    counted: tuple[ArmKey, ...] = ()
    shadow: ArmKey | None = None


def assign(experiments: Sequence[Experiment], shopper: str) -> Assignment:
    """The first experiment that has an arm for the shopper treats them, and the others do not count them: so none
    changes what another one measures. Who is treated by none is control of all."""
    controls: list[ArmKey] = []
    shadow: ArmKey | None = None
    for experiment in experiments:
        if arm := treatment(experiment, shopper):
            key = (experiment.name, arm.name)
            return Assignment("/".join(key), key, arm.kind == "holdout", (key,))
    for experiment in experiments:
        controls.append((experiment.name, CONTROL))
        if shadow is None and (arm := shadowed(experiment, shopper)):
            shadow = (experiment.name, arm.name)
    label = ",".join(f"{each.name}/{CONTROL}" for each in experiments if each.treatments)
    return Assignment(label, counted=tuple(controls), shadow=shadow)


def treatment(experiment: Experiment, shopper: str) -> Arm | None:
    """The arm that a shopper is in, None for the control."""
    owners = _owners(tuple(arm.hundredths for arm in experiment.treatments))
    owner = owners[_draw(experiment.name, shopper)]
    return experiment.treatments[owner - 1] if owner else None


def shadowed(experiment: Experiment, shopper: str) -> Arm | None:
    """The shadow arm that a shopper of the control is in. Each draws places of its own."""
    for arm in experiment.arms:
        if arm.kind == "shadow" and _draw(f"{experiment.name}\0{arm.name}", shopper) < arm.hundredths:
            return arm
    return None


def _draw(name: str, shopper: str) -> int:
    return int.from_bytes(blake2b(f"{name}\0{shopper}".encode(), digest_size=8).digest()) % PLACES


@lru_cache(maxsize=256)
def _owners(sizes: tuple[int, ...]) -> bytes:
    """Who has each place: 0 is the control, n the nth arm.

    Each arm grows from the beginning of a region of its own, so that ramping it moves nobody else. What does not fit
    there takes places that are left, from the end: so whoever is in an arm stays in it while it grows.
    """
    owners = bytearray(PLACES)
    left = []
    for number, size in enumerate(sizes):
        first, end = (PLACES * (number + step) // len(sizes) for step in (0, 1))
        own = min(size, end - first)
        owners[first : first + own] = bytes([number + 1]) * own
        left.append(size - own)
    free = [place for place in reversed(range(PLACES)) if not owners[place]]
    for number, size in enumerate(left):
        for place in free[:size]:
            owners[place] = number + 1
        del free[:size]
    return bytes(owners)
