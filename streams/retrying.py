"""Retrying: to do again what failed for a reason that passes, at fixed times or ever later, and mostly not for ever."""

from math import inf

import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_delay,
    stop_before_delay,
    wait_exponential,
    wait_fixed,
)

from streams.errors import Retry, StoreForbids

log = structlog.get_logger()


def retrying(kind: type[Exception], every_s: float, within_s: float = inf) -> AsyncRetrying:
    """`await retrying(StoreUnavailable, 0.5)(do)` does again what raises that, until it is cancelled; with `within_s`
    the last error is raised instead of a wait that would end later."""
    return AsyncRetrying(
        retry=retry_if_exception_type(kind), wait=wait_fixed(every_s), stop=stop_before_delay(within_s), reraise=True
    )


def retry_until(bound_s: float) -> AsyncRetrying:
    """For a worker that starts: `async for attempt in retry_until(bound_s): with attempt: ...` tries again what raises
    one of our Retry errors, but for a right that is missing: no wait brings it. Each failure is a line in the log.

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


def _say(state: RetryCallState, bound_s: float) -> None:
    left_s = max(bound_s - (state.seconds_since_start or 0.0), 0.0)
    log.warning("start.waits", why=str(state.outcome and state.outcome.exception()), gives_up_in_s=round(left_s))
