"""Settings of experiments: arms, what is different in them, and who is in them."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from penchant.settings.pools import Pool, from_json
from penchant.settings.section import Calls, Name, Section, Serial, Tokens, form, unit
from prompts.render import versions

CONTROL = "control"
Label = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
    form("up to 40 small letters, digits and - _"),
]
Percent = Annotated[float, Field(ge=0, le=100), unit("percent")]
Margin = Annotated[float, Field(gt=0, lt=1), unit("share of one")]


class Arm(Section):
    """What some shoppers get. What it does not say is as for everybody."""

    name: Label
    """What it is called in intents and metrics; not control, which everybody else is."""
    percent: Percent
    """How many of the shoppers are in it, in steps of 0.01; of a shadow, how many of the control's."""
    kind: Literal["live", "shadow", "holdout"] = "live"
    """A live arm's answers become intents, a shadow's are only compared, and a holdout gets no intent at all."""
    pool: Name | None = None
    """The pool that its calls go to, which then serves nobody else."""
    model: Name | None = None
    """The model's name on the servers."""
    prompt_version: Annotated[str, Field(pattern=r"^v\d+$")] | None = None
    """The prompt template."""
    max_tokens: Tokens | None = None
    """The longest answer."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """How freely the model chooses its words."""
    seed: Serial | None = None
    """Where the model's own dice start."""

    @field_validator("percent")
    @classmethod
    def in_hundredths(cls, percent: float) -> float:
        """A finer step would be rounded without a word."""
        if Decimal(str(percent)) % Decimal("0.01"):
            raise ValueError(f"{percent} is finer than 0.01: round it")
        return percent


class Guardrails(Section):
    """How much worse than the control a live arm may be before its experiment is rolled back."""

    min_calls: Calls = 100
    """Nothing is judged before arm and control have so many calls each."""
    errors: Margin = 0.02
    """How much larger the share of calls may be that fail, as a share of one."""
    invalid: Margin = 0.02
    """The same for answers that are no intent."""
    empty: Margin = 0.05
    """The same for answers that name no evidence."""
    p95_factor: Annotated[float, Field(ge=1.1, le=10)] = 1.25
    """How many times as long a call may take, by p95."""


class Experiment(Section):
    """Arms beside each other; whoever is in none of them is the control."""

    name: Label
    """What it is called. It draws who is in its arms: under another name others are."""
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=20)]
    """Its arms."""
    guardrails: Guardrails = Guardrails()
    """When it is rolled back."""


SAMPLE = """\
[[experiments]]
name = "new-model"
arms = [
  { name = "canary", percent = 1.0, pool = "new" },
  { name = "nothing", percent = 0.5, kind = "holdout" },
]
guardrails = { errors = 0.02, p95_factor = 1.25 }"""

Experiments = Annotated[
    tuple[Experiment, ...] | None,
    BeforeValidator(from_json),
    Field(json_schema_extra={"form": "tables as shown here, or the same as JSON", "sample": SAMPLE}),
]


def check_experiments(
    experiments: tuple[Experiment, ...] | None, info: ValidationInfo
) -> tuple[Experiment, ...] | None:
    """The experiments, when they fit together and to the pools; ValueError that names all that does not."""
    faults = [fault for experiment in experiments or () for fault in _faults(experiment)]
    faults += [f"experiment {name} is there twice: rename one" for name in _twice(experiments or ())]
    if "pools" in info.data:
        faults += _faults_of_pools(experiments or (), info.data["pools"] or ())
    if faults:
        raise ValueError("; ".join(faults))
    return experiments


def _faults(experiment: Experiment) -> Iterator[str]:
    treated = sum(Decimal(str(arm.percent)) for arm in experiment.arms if arm.kind != "shadow")
    if treated > 100:
        yield f"{experiment.name}: the percent of its live and holdout arms is {treated} in all: lower them to 100"
    for name in _twice(experiment.arms):
        yield f"{experiment.name}: arm {name} is there twice: rename one"
    for arm in experiment.arms:
        where = f"{experiment.name}.{arm.name}"
        if arm.name == CONTROL:
            yield f"{where}: the control is whoever is in no arm: choose another name"
        if arm.prompt_version is not None and arm.prompt_version not in versions():
            yield f"{where}.prompt_version: there is no {arm.prompt_version}: choose one of {', '.join(versions())}"
        if arm.kind == "holdout" and arm.model_fields_set - {"name", "percent", "kind"}:
            yield f"{where}: a holdout makes no calls: leave out all but name, percent and kind"
        if arm.kind == "shadow" and arm.pool is None:
            yield f"{where}.pool: a shadow must not take places from live calls: give it a pool of its own"


def _faults_of_pools(experiments: tuple[Experiment, ...], pools: tuple[Pool, ...]) -> Iterator[str]:
    """An arm's pool is there, no shadow shares one, and everybody else has one too."""
    named = [(f"{each.name}.{arm.name}", arm) for each in experiments for arm in each.arms if arm.pool is not None]
    known = [pool.name for pool in pools]
    users = Counter(arm.pool for _, arm in named)
    for where, arm in named:
        if arm.pool not in known:
            yield f"{where}.pool: there is no pool {arm.pool}: add it to [[pools]], or name one of: {', '.join(known)}"
        elif arm.kind == "shadow" and users[arm.pool] > 1:
            yield f"{where}.pool: another arm has {arm.pool} too: give the shadow a pool of its own"
    if known and set(known) <= set(users):
        yield "every pool is an arm's, and everybody else has none: add one to [[pools]]"


def _twice(named: tuple[Experiment, ...] | tuple[Arm, ...]) -> list[str]:
    return [name for name, count in Counter(each.name for each in named).items() if count > 1]
