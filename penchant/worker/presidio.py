"""Presidio: names of people and places out of what shoppers search for, beside what has a form.

It takes milliseconds a query, for which an event loop waits: so it belongs into `penchant rekey` rather than a worker.
Products are not shown to it, since half of all brands are names of people.
"""

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from penchant.settings.kafka import Kafka
from streams.errors import PlatformLacks, SettingInvalid
from streams.events.redaction import LONGEST, Redact, redact
from streams.events.texts import visible

ENTITIES = {"PERSON": "[name]", "LOCATION": "[place]"}
SURE = 0.5
REMEMBERED = 65_536


class Finding(Protocol):
    """What was found, and where in the text."""

    @property
    def entity_type(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Analyzer(Protocol):
    """What is asked of Presidio's AnalyzerEngine."""

    def analyze(
        self, text: str, language: str, entities: list[str], *, score_threshold: float
    ) -> Sequence[Finding]: ...


def redaction(kafka: Kafka) -> Redact:
    """How queries are redacted. Raises PlatformLacks, with what to install, where that is not there."""
    if kafka.redact_queries == "patterns":
        return redact
    return names_too(_analyzer(kafka.presidio_model), kafka.presidio_model[:2])


def names_too(analyzer: Analyzer, language: str) -> Redact:
    """The patterns, and then what the analyzer finds. SettingInvalid when it does not know the language."""
    entities = list(ENTITIES)

    @lru_cache(REMEMBERED)
    def redact_names(text: str) -> str:
        clean = visible(text := redact(text))
        found = analyzer.analyze(clean, language, entities, score_threshold=SURE)
        before = len(clean)
        for finding in sorted(found, key=lambda finding: finding.start, reverse=True):
            if finding.end <= before and finding.entity_type in ENTITIES:
                clean = clean[: finding.start] + ENTITIES[finding.entity_type] + clean[finding.end :]
                before = finding.start
        return clean[:LONGEST] if found else text

    try:
        redact_names("")
    except ValueError as exc:
        remedy = "set kafka.presidio_model to one of spaCy's models, which begin with their language"
        raise SettingInvalid(f"Presidio cannot read {language!r}", remedy) from exc
    return redact_names


def _analyzer(model: str) -> Analyzer:
    """Without this look Presidio would download a model by itself."""
    for module in ("presidio_analyzer", model):
        if importlib.util.find_spec(module) is None:
            remedy = f"pip install 'penchant[privacy]' && python -m spacy download {model}"
            raise PlatformLacks(f"kafka.redact_queries is presidio, and {module} is not installed", remedy)
    from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415 (an extra)
    from presidio_analyzer.nlp_engine import NlpEngineProvider  # noqa: PLC0415

    models = [{"lang_code": model[:2], "model_name": model}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    engine: Analyzer = AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=[model[:2]])
    return engine
