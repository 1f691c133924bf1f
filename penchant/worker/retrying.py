"""Retrying: a worker that starts waits for Kafka and Redis, for a bounded time, and says for which."""

import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_delay,
    wait_exponential,
    wait_fixed,
)

from streams.errors import Retry, StoreForbids

log = structlog.get_logger()


def retry_until(bound_s: float) -> AsyncRetrying:
    """`async for attempt in retry_until(bound_s): with attempt: ...` tries again what raises one of our Retry errors,
    but for a right that is missing: no wait brings it.

    After `bound_s` the last of them is raised: an orchestrator that starts the process again then shows that something
    is wrong, where a process that waits for ever looks well.
    """
    return AsyncRetrying(
        retry=retry_if_exception_type(Retry) & retry_if_not_exception_type(StoreForbids),
        stop=stop_after_delay(bound_s),
        wait=wait_exponential(multiplier=0.25, max=5.0),
        before_sleep=lambda state: _say(state, bound_s),
        reraise=True,
    )


def for_ever(kind: type[Retry], again_s: float) -> AsyncRetrying:
    """`await for_ever(StoreUnavailable, 0.5)(do)` tries again what raises that, until it is cancelled."""
    return AsyncRetrying(retry=retry_if_exception_type(kind), wait=wait_fixed(again_s), reraise=True)


def _say(state: RetryCallState, bound_s: float) -> None:
    left_s = max(bound_s - (state.seconds_since_start or 0.0), 0.0)
    log.warning("start.waits", why=str(state.outcome and state.outcome.exception()), gives_up_in_s=round(left_s))
