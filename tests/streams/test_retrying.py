"""Retrying: what is tried again, and for how long."""

import pytest
from structlog.testing import capture_logs

from streams.errors import BrokerUnavailable, ContractMismatch, StoreForbids, StoreUnavailable
from streams.retrying import retry_until, retrying


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


async def test_one_kind_is_tried_again_until_it_is_done() -> None:
    """Another error is raised at once, and what was done is handed back."""
    failures: list[Exception] = [StoreUnavailable("away"), StoreUnavailable("still away")]

    async def write() -> int:
        if failures:
            raise failures.pop(0)
        return 7

    assert await retrying(StoreUnavailable, 0.0)(write) == 7
    failures += [BrokerUnavailable("another kind"), StoreUnavailable("never reached")]
    with pytest.raises(BrokerUnavailable):
        await retrying(StoreUnavailable, 0.0)(write)
    assert len(failures) == 1


async def test_no_wait_goes_beyond_the_bound() -> None:
    """The error is raised before a wait that would end after it."""
    attempts: list[int] = []

    async def connect() -> None:
        attempts.append(1)
        raise BrokerUnavailable("away")

    with pytest.raises(BrokerUnavailable):
        await retrying(BrokerUnavailable, 60.0, within_s=1.0)(connect)
    assert len(attempts) == 1
