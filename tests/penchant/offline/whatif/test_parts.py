"""Parts: a day in parts is the same day, and comes to nearly the same."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.goodput.traffic import Traffic
from penchant.offline.whatif.arrivals import EPOCH_MS, Recording
from penchant.offline.whatif.day import play
from penchant.offline.whatif.figures import Figures
from penchant.offline.whatif.parts import split
from penchant.offline.whatif.run import compare
from penchant.offline.whatif.variant import variant
from penchant.settings.root import Settings

TRAFFIC = Traffic(4.0, 30.0, before_s=0.0)


@given(st.integers(1, 6), st.none() | st.integers(0, 9), st.sampled_from([1, 2, 3]))
def test_each_shopper_is_in_one_part(parts: int, seed: int | None, each: int) -> None:
    """With all events, in their order; every part knows for how many it stands."""
    recording = Recording(TRAFFIC.arrivals, EPOCH_MS, each)
    found = split(recording, parts, seed)
    assert [part.each for part in found] == [each * parts] * parts
    assert sorted(arrival.offset for part in found for arrival in part.arrivals) == [
        arrival.offset for arrival in TRAFFIC.arrivals
    ]
    for part in found:
        assert [arrival.at_s for arrival in part.arrivals] == sorted(arrival.at_s for arrival in part.arrivals)
    shoppers = [{arrival.shopper for arrival in part.arrivals} for part in found]
    assert sum(map(len, shoppers)) == len(set().union(*shoppers))


async def test_a_day_in_parts_comes_to_nearly_the_same() -> None:
    """All events, and calls as many; each part has its share of the GPUs."""
    made = [variant("gpus=2", lambda _: Settings())]
    recording = Recording(TRAFFIC.arrivals, EPOCH_MS)

    async def figures(parts: int) -> Figures:
        [result] = await compare(recording, made, 4.0, 1, lambda _: None, sample=6, parts=parts)
        assert len(result.asked) == 6
        return result.figures

    whole, halves = await figures(1), await figures(2)
    assert (halves["events"], halves["gpus"]) == (whole["events"], whole["gpus"])
    assert halves["busy_share"] is not None
    for name in ("calls", "gpu_s", "freshness_p95_s", "cached_share", "output_tokens"):
        assert halves[name] == pytest.approx(whole[name], rel=0.1), name


def test_what_a_part_comes_to_goes_between_processes() -> None:
    """All that was counted."""
    made = variant("gpus=1", lambda _: Settings())
    played = play(Recording(TRAFFIC.arrivals[:20], EPOCH_MS), made)
    found = pickle.loads(pickle.dumps(played))  # noqa: S301 (our own)
    assert found.meter.events == played.meter.events == 20
    assert found.meter.freshness_ms == played.meter.freshness_ms
