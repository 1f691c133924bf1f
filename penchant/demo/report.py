"""Report: what a demonstration came to, as one JSON object."""

from typing import Any

from agents.health.statistics import Meter
from penchant.demo.stage import DemoPlan, Stage
from penchant.offline.estimate.rates import Rates
from sandbox.servers.kafka import MockKafka

PER_HOUR = 4.0
"""Dollars of a GPU hour at which the cost is stated, as `penchant whatif` has it too."""

GPU = "Qwen3-32B on an H100"
"""Of which GPU and model the cost is reckoned: those of Timing's defaults (docs/gpu.md)."""

HOUR_MS = 3_600_000.0


def report(stage: Stage) -> dict[str, Any]:
    """The figures by the names of the command's documentation; shares are of one, times in milliseconds."""
    meter, played = stage.worker.meter, stage.player.played
    return {
        "events": meter.events,
        "sent": played.sent,
        "shoppers": played.shoppers,
        "seconds": round(played.seconds, 1),
        "calls": meter.calls,
        "intents": meter.intents,
        "events_per_call": round(meter.events / meter.calls, 2) if meter.calls else None,
        "freshness_ms": meter.percentiles(),
        "in_time_for_next": meter.in_time_for_next(),
        "model_freshness_ms": meter.model_percentiles(),
        "dead_letters": meter.dead_letters,
        "dropped": meter.dropped,
        "rules_intents": meter.rules_intents,
        "rules_first": meter.rules_first,
        "call_failures": meter.call_failures,
        "ungrounded_claims": meter.ungrounded,
        "duplicates": meter.duplicates,
        "cached_token_share": round(meter.cached_tokens / meter.input_tokens, 3) if meter.input_tokens else None,
        "output_tokens_per_call": round(meter.output_tokens / meter.calls, 1) if meter.calls else None,
        "cost": cost(meter),
        "simulated": simulated(stage.plan, mock_kafka=isinstance(stage.stack.kafka, MockKafka)),
        "components": stage.components,
    }


def cost(meter: Meter) -> dict[str, Any] | None:
    """What 1,000 of the answered calls would cost by GPU time, reckoned from their tokens as `penchant estimate` does;
    None without an answer that says its tokens."""
    answered = meter.calls - meter.call_failures
    if answered <= 0 or not meter.output_tokens:
        return None
    rates = Rates(output_tokens=round(meter.output_tokens / answered))
    prompt, cached = meter.input_tokens / answered, meter.cached_tokens / answered
    gpu_ms = rates.gpu_ms(prompt, cached, rates.batch(prompt, 0.0)) / rates.busy
    return {"per_1000_intents": round(gpu_ms * 1e3 / HOUR_MS * PER_HOUR, 4), "gpu": GPU, "per_hour": PER_HOUR}


def simulated(plan: DemoPlan, *, mock_kafka: bool) -> list[str]:
    """Everything in this play that is not the real thing."""
    return [
        *(["the shoppers"] if plan.events is None else []),
        *(["the GPU and its answers"] if plan.model is None else []),
        *(["Kafka, by librdkafka's mock"] if mock_kafka else []),
    ]
