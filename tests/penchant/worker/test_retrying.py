"""Patience: what is waited for at the start, and for how long."""

import pytest
from structlog.testing import capture_logs

from penchant.worker.retrying import retry_until
from streams.errors import BrokerUnavailable, ContractMismatch, StoreForbids


async def start(failures: list[Exception], bound_s: float) -> int:
    """Try to start until nothing fails; returns how many attempts that took."""
    attempts = 0
    async for attempt in retry_until(bound_s):
        with attempt:
            attempts += 1
            if failures:
                raise failures.pop(0)
    return attempts


async def test_what_is_away_is_waited_for() -> None:
    """Each failed attempt is a line in the log that names what is missing, and how long the patience still lasts."""
    with capture_logs() as logs:
        assert await start([BrokerUnavailable("Kafka at k:9092 does not answer")], 60) == 2
    assert [(line["event"], line["why"]) for line in logs] == [("start.waits", "Kafka at k:9092 does not answer")]
    assert 0 < logs[0]["gives_up_in_s"] <= 60


async def test_patience_ends() -> None:
    """After the bound the last error is raised as it was."""
    failures: list[Exception] = [BrokerUnavailable(str(number)) for number in range(100)]
    with pytest.raises(BrokerUnavailable):
        await start(failures, 0.4)
    assert 95 < len(failures) < 99


@pytest.mark.parametrize("error", [ContractMismatch("another topic"), StoreForbids("no INFO")])
async def test_what_waiting_cannot_mend_is_raised_at_once(error: Exception) -> None:
    """A wrong server stays one, and a right that is missing is missing until somebody grants it."""
    failures: list[Exception] = [error, BrokerUnavailable("never reached")]
    with pytest.raises(type(error)):
        await start(failures, 60)
    assert len(failures) == 1
