"""Rehearsed: a sample through the rehearsal, with the settings' own rules and prompts."""

from collections.abc import Callable

from penchant.offline.estimate.prompt_tokens import Measured
from penchant.offline.estimate.rates import Rates
from penchant.offline.estimate.reading import Sample
from penchant.offline.estimate.rehearsal import Rehearsal
from penchant.offline.estimate.workload import Workload
from penchant.settings.root import Settings
from penchant.worker.tokenizer import tokenizer
from prompts.render import PromptRenderer

RENDERED = 50_000
"""About so many events' shoppers have their prompts rendered, unless somebody hears of all."""


def rehearsed(
    sample: Sample, settings: Settings, rates: Rates, tell: Callable[[float, Measured], object] | None
) -> Workload:
    """Everything through the rehearsal; `tell` wants to hear of every call."""
    prompts, count = settings.prompts, tokenizer(settings.prompt.tokenizer)
    rehearsal = Rehearsal(
        settings.session,
        settings.triggers,
        settings.backlog,
        PromptRenderer(settings.prompt.version, prompts, settings.prompt, count),
        rates,
        each=1 if tell else max(len(sample.events) // RENDERED, 1),
        count=count,
        told=tell,
    )
    rehearsal.take(sample.events)
    return rehearsal.finish(prompts.vocabulary)
