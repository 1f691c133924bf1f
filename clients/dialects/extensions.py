"""Extensions of OpenAI's answers: what Dynamo tells of a call in `nvext`, when it is asked; pure."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple


class ServerFigures(NamedTuple):
    """`queue_ms` is how long the call waited for its prompt to be begun; `worker` gave the answer, and names the one
    that computed the prompt where that is another; `kv_hit_rate` is the share of the prompt's blocks that the router
    knew there; `router_queue` is how many calls waited in the router then."""

    queue_ms: float | None = None
    worker: str = ""
    kv_hit_rate: float | None = None
    router_queue: int | None = None


NONE_TOLD = ServerFigures()


def server_figures(extra: Mapping[str, Any]) -> ServerFigures:
    """What is told, as far as it is: most servers tell nothing."""
    if not extra:
        return NONE_TOLD
    timing, ids = _within(extra, "timing"), _within(extra, "worker_id")
    decode, prefill = (_id(ids.get(name)) for name in ("decode_worker_id", "prefill_worker_id"))
    share, waiting = _amount(timing, "kv_hit_rate"), _amount(timing, "router_queue_depth")
    return ServerFigures(
        queue_ms=_amount(timing, "prefill_wait_time_ms"),
        worker=decode if prefill in ("", decode) else f"{prefill}>{decode}" if decode else prefill,
        kv_hit_rate=share if share is not None and share <= 1 else None,
        router_queue=None if waiting is None else int(waiting),
    )


def _amount(timing: Mapping[str, Any], name: str) -> float | None:
    """A figure, none below zero; None for what is no number."""
    figure = timing.get(name)
    if isinstance(figure, bool) or not isinstance(figure, int | float) or not isfinite(figure) or figure < 0:
        return None
    return float(figure)


def _within(extra: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = extra.get(name)
    return value if isinstance(value, dict) else {}


def _id(value: object) -> str:
    return str(value)[:20] if isinstance(value, int | str) and not isinstance(value, bool) else ""
