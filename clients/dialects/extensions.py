"""Extensions of OpenAI's answers: what Dynamo tells of a call in `nvext`, when it is asked; pure."""

from collections.abc import Mapping
from math import isfinite
from typing import Any


def queue_ms(extra: Mapping[str, Any]) -> float | None:
    """How long the call waited for its prompt to be begun, in milliseconds; None where that is not told."""
    waited = _within(extra, "timing").get("prefill_wait_time_ms")
    if isinstance(waited, bool) or not isinstance(waited, int | float) or not isfinite(waited) or waited < 0:
        return None
    return float(waited)


def worker(extra: Mapping[str, Any]) -> str:
    """Which worker gave the answer, and which one computed the prompt where that is another; empty where untold."""
    ids = _within(extra, "worker_id")
    decode, prefill = (_id(ids.get(name)) for name in ("decode_worker_id", "prefill_worker_id"))
    return decode if prefill in ("", decode) else f"{prefill}>{decode}" if decode else prefill


def _within(extra: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = extra.get(name)
    return value if isinstance(value, dict) else {}


def _id(value: object) -> str:
    return str(value)[:20] if isinstance(value, int | str) and not isinstance(value, bool) else ""
