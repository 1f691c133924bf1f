"""Settings of experiments, as tables or as JSON in a variable, and whether they fit together and to the pools."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from agents.experiments.assignment import CONTROL, Arm, Experiment
from clients.pools.endpoints import Pool
from penchant.settings.pools import from_json
from penchant.settings.prompts import prompt_library
from prompts.budget import PromptRules

SAMPLE = """\
[[experiments]]
name = "new-model"
arms = [
  { name = "canary", percent = 1.0, pool = "new" },
  { name = "nothing", percent = 0.5, kind = "holdout" },
]
guardrails = { errors = 0.02, p95_factor = 1.25 }"""


def _fitting(experiments: tuple[Experiment, ...], info: ValidationInfo) -> tuple[Experiment, ...]:
    """The experiments, when they fit together and to the pools; ValueError that names all that does not."""
    faults = [fault for experiment in experiments for fault in _faults(experiment)]
    faults += [f"experiment {name} is there twice: rename one" for name in _twice(experiments)]
    if "lift" in info.data and info.data["lift"].currency is None:
        faults += _uncounted(experiments, "value", "no value is counted: set lift.currency")
    if "kafka" in info.data and info.data["kafka"].impressions_topic is None:
        faults += _uncounted(experiments, "clicked_through", "no impressions are counted: set kafka.impressions_topic")
    if "prompt" in info.data:
        faults += _faults_of_prompts(experiments, info.data["prompt"])
    if "pools" in info.data:
        faults += _faults_of_pools(experiments, info.data["pools"])
    if faults:
        raise ValueError("; ".join(faults))
    return experiments


def _uncounted(experiments: tuple[Experiment, ...], guardrail: str, why: str) -> list[str]:
    """A guardrail that would never break."""
    names = [each.name for each in experiments if getattr(each.guardrails, guardrail) is not None]
    return [f"{name}.guardrails.{guardrail}: {why}" for name in names]


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
        if arm.kind == "holdout" and arm.calls:
            yield f"{where}: a holdout makes no calls: leave out all but name, percent and kind"
        if arm.kind == "shadow" and arm.pool is None:
            yield f"{where}.pool: a shadow must not take slots from live calls: give it a pool of its own"


def _faults_of_prompts(experiments: tuple[Experiment, ...], prompt: PromptRules) -> Iterator[str]:
    """An arm's prompt is there."""
    names = prompt_library(prompt.folder).names
    for experiment in experiments:
        for arm in experiment.arms:
            if arm.prompt_version is not None and arm.prompt_version not in names:
                where = f"{experiment.name}.{arm.name}.prompt_version"
                yield f"{where}: there is no {arm.prompt_version}: choose one of {', '.join(names)}"


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


Experiments = Annotated[
    tuple[Experiment, ...],
    BeforeValidator(from_json),
    AfterValidator(_fitting),
    Field(json_schema_extra={"form": "tables as shown here, or the same as JSON", "sample": SAMPLE}),
]
