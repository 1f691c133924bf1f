"""Figures: what a day came to, by names, and how two of them differ. Pure."""

from collections.abc import Mapping, Sequence

from agents.health.percentiles import percentiles
from agents.health.statistics import Meter
from penchant.offline.estimate.rates import Rates
from penchant.offline.whatif.day import Played
from penchant.offline.whatif.variant import Variant
from sandbox.gpu.timing import Timing

Figures = Mapping[str, float | None]

HOUR_S = 3_600.0

MEANINGS = {
    "events": "that entered a session or were seen to be repeated",
    "calls": "to the model",
    "calls_per_event": "calls / events",
    "calls_left_out": "not made, since nothing had changed (calls.unchanged_for_s)",
    "rules_intents": "intents that the rules made, since the model did not answer",
    "owed_at_end": "shoppers whose call was still to come, two minutes after the last event",
    "freshness_p50_s": "from an intent's oldest new event until it could be read",
    "freshness_p95_s": "the same, as `control status` shows it",
    "fresh_share": "of the intents: within backlog.freshness_target_s",
    "in_time_for_next": "of events with a next one in their session: covered by the model before it",
    "in_time_for_next_low": "the same, as low as so few checks of calls that were left out allow (95 %)",
    "in_time_for_next_any": "the same by any intent",
    "prompt_tokens": "in all prompts",
    "cached_share": "of these: found in the KV cache",
    "output_tokens": "in all answers",
    "gpus": "that were there",
    "busy_share": "of their time; not said where slices of a GPU were played",
    "gpu_s": "of all calls, in full batches, as `penchant estimate` reckons",
    "dollars_needed": "of so many GPU seconds, on GPUs that are 70 % busy",
    "dollars_rented": "of the GPUs that were there, all the time",
    "dollars_per_1000_fresh": "dollars_needed / fresh intents",
}
"""Every figure, in reading order, and how it is made."""


def figures(played: Played, variant: Variant, per_hour: float) -> Figures:
    """Of all shoppers, also where one of several was played. `per_hour`: dollars of a GPU hour, where the endpoints
    have no price."""
    meter, scale = played.meter, played.scale
    shares = meter.in_time_for_next() or {}
    fresh = sum(each <= variant.settings.backlog.freshness_target_s * 1e3 for each in meter.freshness_ms)
    gpu_s, hour = _gpu_s(meter, variant.timing) * scale, variant.per_hour(per_hour)
    needed = gpu_s / Rates().busy / HOUR_S * hour / variant.gpus
    return {
        "events": meter.events * scale,
        "calls": meter.calls * scale,
        "calls_per_event": _ratio(meter.calls, meter.events),
        "calls_left_out": meter.calls_left_out * scale,
        "rules_intents": meter.rules_intents * scale,
        "owed_at_end": played.left * scale,
        **_freshness(meter.freshness_ms),
        "fresh_share": _ratio(fresh, len(meter.freshness_ms)),
        "in_time_for_next": shares.get("model"),
        "in_time_for_next_low": shares.get("low", shares.get("model")),
        "in_time_for_next_any": shares.get("any"),
        "prompt_tokens": meter.input_tokens * scale,
        "cached_share": _ratio(meter.cached_tokens, meter.input_tokens),
        "output_tokens": meter.output_tokens * scale,
        "gpus": variant.gpus,
        "busy_share": None if played.busy_share is None else round(played.busy_share, 4),
        "gpu_s": round(gpu_s, 1),
        "dollars_needed": round(needed, 4),
        "dollars_rented": round(played.seconds / HOUR_S * hour, 4),
        "dollars_per_1000_fresh": _ratio(needed * 1e3, fresh * scale),
    }


def change(first: float | None, other: float | None) -> float | None:
    """By which share of the first the other is more; None where that cannot be said."""
    return None if first is None or other is None or not first else round(other / first - 1, 4)


def _gpu_s(meter: Meter, timing: Timing) -> float:
    """Of all calls that were answered, each as the average one."""
    answers = meter.calls - meter.call_failures - meter.in_flight
    if answers <= 0:
        return 0.0
    rates = Rates(gpu=timing, output_tokens=round(meter.output_tokens / answers))
    prompt, cached = meter.input_tokens / answers, meter.cached_tokens / answers
    return answers * rates.gpu_ms(prompt, cached, rates.batch(prompt, 0.0)) / 1e3


def _freshness(samples_ms: Sequence[float]) -> Figures:
    found = percentiles([each / 1e3 for each in samples_ms], (50, 95), digits=3) or {}
    return {f"freshness_{name}_s": found.get(name) for name in ("p50", "p95")}


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None
