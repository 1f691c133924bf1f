"""Report: what a demonstration came to, as one JSON object."""

from typing import Any

from penchant.demo.stage import Stage


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
        "in_time_for_next": meter.in_time.shares(),
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
        "components": stage.components,
    }
