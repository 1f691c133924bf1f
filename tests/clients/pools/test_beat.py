"""When calls begin together."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clients.pools.beat import WINDOW_S, Beat
from clients.pools.client import PooledClient
from clients.pools.router import RoutingRules
from tests.clients.shops import pool
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel

SECONDS = st.floats(0, 1e6)


@given(SECONDS, st.floats(0.5, 5.0), st.floats(0, 20))
def test_a_beat_comes_in_time_and_only_where_the_budget_allows(now_s: float, every_s: float, call_s: float) -> None:
    """Whoever waits for one has it within the period, and ends within the budget; where they would not, they need not
    wait."""
    beat = Beat(every_s, 8.0)
    looks = [now_s + step * WINDOW_S / 2 for step in range(int(2 * every_s / WINDOW_S) + 2)]
    assert any(beat.opens(call_s, look_s) for look_s in looks)
    assert call_s + every_s <= 8.0 or all(beat.opens(call_s, look_s) for look_s in looks)


@given(SECONDS, st.floats(0, 20))
def test_without_one_nobody_waits(now_s: float, call_s: float) -> None:
    """Neither where none is wanted, nor while nobody knows how long a call takes."""
    assert Beat().opens(call_s, now_s)
    assert Beat(2.0, 8.0).opens(None, now_s)


@pytest.mark.parametrize("budget_s", [0.0, 2.0])
def test_a_beat_needs_a_budget(budget_s: float) -> None:
    """By the name of the setting that is missing, or too small."""
    with pytest.raises(ValidationError, match=r"needs routing\.call_budget_s"):
        RoutingRules(call_budget_s=budget_s, beat_s=2.0)


def test_the_wait_for_a_beat_is_no_wait_for_a_slot() -> None:
    """It wakes no other replica."""
    assert [Beat(2.0, 8.0).held_s(waited_s) for waited_s in (0.0, 2.0, 2.5)] == [0.0, 0.0, 0.5]


def test_calls_begin_on_the_beat_of_all_workers() -> None:
    """By the time that they share; a realtime call begins at once."""

    async def main() -> None:
        client = PooledClient(
            [pool("10.0.0.1:8001")],
            lambda _: ScriptedModel(),
            router=RoutingRules(call_budget_s=4.0, beat_s=2.0),
            epoch_s=1.25,
        )
        for answer in range(40):
            client.replicas[0].outlier_detector.answered(float(answer), 1.0)
        began_s, now = [], asyncio.get_running_loop().time
        for _ in range(200):
            if slot := client.router.grant("ada", "live", 0.0, 0.0):
                began_s.append((now() + 1.25) % 2.0)
                slot.release()
            assert client.router.room("live") == bool(slot)
            assert client.router.room("realtime")
            await asyncio.sleep(0.02)
        assert began_s
        assert max(began_s) < WINDOW_S

    virtually(main)
