"""The alarm that wakes the dispatcher, in virtual time."""

import asyncio

import pytest

from agents.worker.alarm import Alarm
from tests.clients.virtual import virtually


@pytest.mark.parametrize(
    ("within_s", "rings_s"),
    [((2.0,), [2.0]), ((2.0, 1.0), [1.0]), ((1.0, 2.0), [1.0]), ((1.0, 1.0, 1.0), [1.0])],
    ids=["one", "an earlier one takes its place", "an earlier one stays", "the same one"],
)
def test_it_rings_once_at_the_earliest_time_it_was_set_to(within_s: tuple[float, ...], rings_s: list[float]) -> None:
    """However often it is set before."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        began_s, rang = loop.time(), list[float]()
        alarm = Alarm(lambda: rang.append(round(loop.time() - began_s, 3)))
        for each in within_s:
            alarm.within(each)
        await asyncio.sleep(5.0)
        return rang

    assert virtually(main) == rings_s


def test_it_rings_again_after_it_has_rung_and_no_more_once_stopped() -> None:
    """A timer that is over sets none aside."""

    async def main() -> int:
        rang = list[int]()
        alarm = Alarm(lambda: rang.append(1))
        for _ in range(3):
            alarm.within(1.0)
            await asyncio.sleep(1.5)
        alarm.within(1.0)
        alarm.stop()
        await asyncio.sleep(2.0)
        return len(rang)

    assert virtually(main) == 3
