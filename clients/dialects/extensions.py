"""Extensions of OpenAI's answers: what Dynamo tells of a call in `nvext`, when it is asked; pure."""

from collections.abc import Mapping
from math import isfinite
from typing import Any


def queue_ms(extra: Mapping[str, Any]) -> float | None:
    """How long the call waited for its prompt to be begun, in milliseconds; None where that is not told."""
    return _amount(extra, "prefill_wait_time_ms")


def kv_hit_rate(extra: Mapping[str, Any]) -> float | None:
    """Which share of the prompt's blocks the router knew at the worker that it chose; None where that is not told."""
    share = _amount(extra, "kv_hit_rate")
    return share if share is not None and share <= 1 else None


def router_queue(extra: Mapping[str, Any]) -> int | None:
    """How many calls waited in the router when it sent this one on; None where that is not told."""
    waiting = _amount(extra, "router_queue_depth")
    return None if waiting is None else int(waiting)


def worker(extra: Mapping[str, Any]) -> str:
    """Which worker gave the answer, and which one computed the prompt where that is another; empty where untold."""
    ids = _within(extra, "worker_id")
    decode, prefill = (_id(ids.get(name)) for name in ("decode_worker_id", "prefill_worker_id"))
    return decode if prefill in ("", decode) else f"{prefill}>{decode}" if decode else prefill


def _amount(extra: Mapping[str, Any], name: str) -> float | None:
    """A figure of `timing`, none below zero; None for what is no number."""
    told = _within(extra, "timing").get(name)
    if isinstance(told, bool) or not isinstance(told, int | float) or not isfinite(told) or told < 0:
        return None
    return float(told)


def _within(extra: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = extra.get(name)
    return value if isinstance(value, dict) else {}


def _id(value: object) -> str:
    return str(value)[:20] if isinstance(value, int | str) and not isinstance(value, bool) else ""
