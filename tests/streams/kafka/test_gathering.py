"""Gathering: on clocks that the test turns; and fetches of aiokafka's that wait."""

import asyncio
from typing import Any

import pytest

from streams.kafka.gathering import BESIDE_MS, MANY, MEMORY_S, MOST_S, Gathering, gather_fetches
from tests.clients.virtual import virtually


class Clocks:
    """The time, and the processor's, of which `share` is used."""

    def __init__(self) -> None:
        self.now_s, self.cpu_s = 100.0, 7.0

    def pass_s(self, seconds: float, share: float) -> None:
        self.now_s += seconds
        self.cpu_s += seconds * share

    def gathering(self) -> Gathering:
        return Gathering(lambda: self.now_s, lambda: self.cpu_s)


class Request:
    """As aiokafka's of a fetch."""

    def __init__(self) -> None:
        self._max_wait_ms = 1_500


class Fetcher:
    """As aiokafka's, as far as it is asked to wait."""

    def __init__(self) -> None:
        self.sent_s: list[float] = []
        self._records: dict[int, Any] = {}

    async def _proc_fetch_request(self, *_: Any) -> bool:
        self.sent_s.append(asyncio.get_running_loop().time())
        return True


def waits_s(share: float, records: int = 1, polls: int = 100) -> float:
    """Of a process that has used so much of the processor for a while, after a poll that brought so many."""
    clocks = Clocks()
    gathering = clocks.gathering()
    for _ in range(polls):
        clocks.pass_s(MEMORY_S / 10, share)
        gathering.handed_over(records)
    return gathering.wait_s()


def test_the_busier_the_process_the_longer_a_fetch_waits() -> None:
    """One that does nothing asks at once; threads that use two cores count as one that is used up."""
    assert waits_s(0.0) == 0.0
    assert waits_s(0.5) == pytest.approx(MOST_S / 2, rel=0.01)
    assert waits_s(1.0) == waits_s(2.0) == pytest.approx(MOST_S, rel=0.01)


def test_one_busy_moment_counts_for_as_long_as_it_lasted() -> None:
    """A poll that follows the other within a millisecond says little of the load."""
    clocks = Clocks()
    gathering = clocks.gathering()
    clocks.pass_s(MEMORY_S / 100, 1.0)
    gathering.handed_over(1)
    assert gathering.wait_s() == pytest.approx(MOST_S / 100)


def test_after_many_records_nobody_waits() -> None:
    """A worker that is behind fetches as fast as it can."""
    assert waits_s(1.0, records=MANY) == 0.0


def test_the_time_since_the_last_one_counts() -> None:
    """A fetch that had to wait for events anyway waits for nothing else."""
    clocks = Clocks()
    gathering = clocks.gathering()
    clocks.pass_s(MEMORY_S, 1.0)
    gathering.handed_over(1)
    clocks.pass_s(MOST_S / 4, 1.0)
    assert gathering.wait_s() == pytest.approx(MOST_S * 3 / 4)
    clocks.pass_s(MOST_S, 1.0)
    assert gathering.wait_s() == 0.0


def test_a_fetch_goes_out_when_it_is_time_and_one_that_is_cancelled_never() -> None:
    """aiokafka cancels its fetches when partitions go, and takes them to end without a word."""

    async def main() -> tuple[list[float], bool, list[float]]:
        clocks, fetcher, loop = Clocks(), Fetcher(), asyncio.get_running_loop()
        gathering = clocks.gathering()
        gather_fetches(fetcher, gathering)
        clocks.pass_s(MEMORY_S, 1.0)
        gathering.handed_over(1)
        began_s = loop.time()
        assert await fetcher._proc_fetch_request(None, 0, Request())
        sent = [at_s - began_s for at_s in fetcher.sent_s]
        cut = asyncio.create_task(fetcher._proc_fetch_request(None, 0, Request()))
        await asyncio.sleep(MOST_S / 2)
        cut.cancel()
        return sent, await cut, fetcher.sent_s[1:]

    [waited_s], cut, sent_later = virtually(main)
    assert waited_s >= MOST_S
    assert (cut, sent_later) == (False, [])


@pytest.mark.parametrize(("records", "max_wait_ms"), [({}, 1_500), ({7: ["of another partition"]}, BESIDE_MS)])
def test_a_fetch_is_short_while_others_have_records_here(records: dict[int, Any], max_wait_ms: int) -> None:
    """Until it is answered nothing else is fetched of that broker, and they may run out."""

    async def main() -> int:
        fetcher, request = Fetcher(), Request()
        fetcher._records = records
        gather_fetches(fetcher, Clocks().gathering())
        assert await fetcher._proc_fetch_request(None, 0, request)
        return request._max_wait_ms

    assert virtually(main) == max_wait_ms
