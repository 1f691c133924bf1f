"""Answers: the metrics of what models said. See vocabulary.py."""

from penchant.telemetry.metrics import readings
from penchant.telemetry.metrics.words import Metric, WorkerMetric

# fmt: off
ANSWERS: tuple[WorkerMetric, ...] = (
    Metric(
        "counter", "answers_refused", "Answers that are no intent.",
        "More than a few percent of the calls: the model or its guided decoding was changed.",
        readings.count("answers_refused"),
    ),
    Metric(
        "counter", "answers_parroted", "Answers refused because their text is that of an example of the prompt.",
        "The model is too small for the prompt, or takes no temperature: try a larger one with `penchant eval`.",
        readings.count("answers_parroted"),
    ),
    Metric(
        "counter", "prompts_too_long", "Prompts that did not fit into the model's context; older lines were left out.",
        "Lower prompt.high_tokens and prompt.low_tokens, name the model's prompt.tokenizer, or give the server a "
        "longer context.",
        readings.count("prompts_too_long"),
    ),
    Metric(
        "counter", "second_tries_spared", "Answers that were no intent and not asked for again, as most are none.",
        "The model answers something else: read the log's `answers.unusable`, which shows the form of one.",
        readings.count("second_tries_spared"),
    ),
    Metric(
        "counter", "answers_unkept", "Answers to be kept for people (`answers.share`) that were not.",
        "They came too often (`answers.most_a_minute`), or Redis was away or frozen: intents do not depend on them.",
        readings.count("answers_unkept"),
    ),
    Metric(
        "counter", "claims_ungrounded", "What answers named that is not in the shopper's window, and was removed.",
        "Rises with a new model or prompt: it makes things up, so roll it back.",
        readings.count("ungrounded"),
    ),
)
