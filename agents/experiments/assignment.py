"""Experiments: which shoppers are in which arm. Pure: it depends on names and percentages alone.

A shopper's place in an experiment is one of 10,000, drawn by hash of the names of the experiment and the shopper: the
same for ever and on every worker, and it says nothing of the place in another experiment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Literal

from pydantic import Field, field_validator

from agents.experiments.guardrails import GuardrailRules
from agents.experiments.outcomes import ArmKey
from clients.calls import Sampling, Temperature
from prompts.budget import TemplateName
from streams.section import File, Name, Serial, Tokens, form, section, unit

PLACES = 10_000
CONTROL = "control"

Kind = Literal["live", "shadow", "holdout"]


Label = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
    form("up to 40 small letters, digits and - _"),
]
Percent = Annotated[float, Field(ge=0, le=100), unit("percent")]


@section
class Arm:
    """What some shoppers get. What it does not say is as for everybody."""

    name: Label
    """What it is called in intents and metrics; not control, which everybody else is."""
    percent: Percent
    """How many of the shoppers are in it, in steps of 0.01; of a shadow, how many of the control's."""
    kind: Kind = "live"
    """A live arm's answers become intents, a shadow's are only compared, and a holdout gets no intent at all."""
    pool: Name | None = None
    """The pool that its calls go to, which then serves nobody else."""
    model: Name | None = None
    """The model's name on the servers."""
    prompt_version: TemplateName | None = None
    """The prompt template."""
    max_tokens: Tokens | None = None
    """The longest answer."""
    temperature: Temperature | None = None
    """How freely the model chooses its words."""
    seed: Serial | None = None
    """Where the model's own dice start."""
    predictor: File | None = None
    """The trees that put learned names in order for it; needs learning.enabled."""

    @field_validator("percent")
    @classmethod
    def in_hundredths(cls, percent: float) -> float:
        """A finer step would be rounded without a word."""
        if Decimal(str(percent)) % Decimal("0.01"):
            raise ValueError(f"{percent} is finer than 0.01: round it")
        return percent

    @property
    def hundredths(self) -> int:
        """How many of the 10,000 places are its own."""
        return round(self.percent * 100)

    @property
    def calls(self) -> bool:
        """Whether it says anything of how calls are made."""
        said = (
            self.pool,
            self.model,
            self.prompt_version,
            self.max_tokens,
            self.temperature,
            self.seed,
            self.predictor,
        )
        return any(each is not None for each in said)

    def sampling(self, usual: Sampling) -> Sampling:
        """How the model is to answer, where `usual` is how it answers everybody else."""
        return Sampling(
            usual.max_tokens if self.max_tokens is None else self.max_tokens,
            usual.temperature if self.temperature is None else self.temperature,
            usual.seed if self.seed is None else self.seed,
        )


@section
class Experiment:
    """Arms beside each other. A shopper in no live or holdout arm is its control."""

    name: Label
    """What it is called. It draws who is in its arms: under another name others are."""
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=20)]
    """Its arms."""
    guardrails: GuardrailRules = GuardrailRules()
    """When it is rolled back."""

    @property
    def treatments(self) -> tuple[Arm, ...]:
        """The arms that no shopper is in two of."""
        return tuple(arm for arm in self.arms if arm.kind != "shadow")

    @property
    def definition(self) -> str:
        """Changes when an arm is another one, and not when only percentages or guardrails change."""
        return _digest([replace(arm, percent=0.0) for arm in self.arms])

    @property
    def allocation(self) -> str:
        """Changes with the percentages too: sessions before and after are of other shoppers, and are not added up."""
        return _digest(self.arms)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where a shopper is. `arm` is the one that treats them; `label` is what their intents say, nothing of experiments
    that only shadow; `counted` are those whose calls theirs count as; `shadow` is asked beside, and not heard."""

    label: str = ""
    arm: ArmKey | None = None
    withheld: bool = False
    counted: tuple[ArmKey, ...] = ()
    shadow: ArmKey | None = None


NOWHERE = Assignment()
"""Where everybody is while there are no experiments."""


def assign(experiments: Sequence[Experiment], shopper: str) -> Assignment:
    """The first experiment that has an arm for the shopper treats them, and the others do not count them: so none
    changes what another one measures. A shopper whom none treats is a control of all."""
    if not experiments:
        return NOWHERE
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


def _digest(arms: Sequence[Arm]) -> str:
    """Of an arm without a predictor it is what it was before arms could have one."""
    said = repr(list(arms)).replace(", predictor=None", "")
    return blake2b(said.encode(), digest_size=4).hexdigest()


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
