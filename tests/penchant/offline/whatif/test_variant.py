"""What --with says: settings by name, GPUs and their times, and when one is away; else an error that says what."""

from collections.abc import Mapping

import pytest

from clients.pools.endpoints import Endpoint, Pool, Price
from penchant.offline.whatif.day import fewer
from penchant.offline.whatif.variant import variant
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from sandbox.gpu.timing import SECOND_OPINION, Timing
from streams.errors import SettingInvalid


def load(overrides: Mapping[str, object]) -> Settings:
    return load_settings(None, overrides).settings


def test_all_that_can_be_said() -> None:
    """Settings, number, timing with a parameter, and a fault; without words all is as it is."""
    made = variant(
        "triggers.debounce_s=2 gpus=3 timing=aiconfigurator gpu.max_batch=64 answer_tokens=40 away=10-20.5", load
    )
    assert made.settings.triggers.debounce_s == 2.0
    assert (made.gpus, made.away, made.timing.max_batch) == (3, (10.0, 20.5), 64)
    assert made.answer_tokens == 40
    assert made.timing.iteration_ms == SECOND_OPINION.iteration_ms
    same = variant("", load, "as it is")
    assert (same.name, same.settings, same.timing, same.gpus) == ("as it is", load({}), Timing(), 1)
    assert variant('triggers.urgent="search, purchase"', load).settings.triggers.urgent == ("search", "purchase")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("triggers.debounce_s", "NAME=VALUE"),
        ("triggers.no_such=1", "no_such"),
        ("triggers.debounce_s=often", "debounce_s"),
        ("gpus=0", "out of range"),
        ("gpus=two", "whole number"),
        ("gpus=inf", "whole number"),
        ("gpu.no_such=1", "kv_blocks"),
        ("gpu.iteration_ms=nan", "out of range"),
        ("timing=fast", "aiconfigurator"),
        ("answer_tokens=0", "out of range"),
        ("away=20-10", "ends before"),
        ("away=20", "no number"),
        ('gpus="3', "quotation"),
    ],
)
def test_what_makes_no_sense(words: str, why: str) -> None:
    """Is told by its name."""
    with pytest.raises(SettingInvalid, match=why):
        variant(words, load)


def test_prices() -> None:
    """Of each endpoint its own, else the usual one."""
    priced = Endpoint(url="http://a:1/v1", price=Price(per_hour=2.0))
    settings = Settings(pools=(Pool("own", (priced, Endpoint(url="http://b:1/v1"))),))
    made = variant("", lambda _: settings)
    assert (made.gpus, made.per_hour(5.0)) == (2, 7.0)
    assert variant("gpus=4", lambda _: settings).per_hour(5.0) == 8.0


@pytest.mark.parametrize(
    ("numbers", "each", "left", "slices"),
    [
        ((4,), 4, [1], 1),
        ((1,), 4, [1], 4),
        ((4,), 8, [1], 2),
        ((4, 2), 4, [2, 1], 2),
        ((6,), 4, [3], 2),
        ((3,), 4, [3], 4),
    ],
)
def test_fewer_gpus_for_fewer_shoppers(numbers: tuple[int, ...], each: int, left: list[int], slices: int) -> None:
    """Whole ones go first; what is left of the factor makes slices of the others."""
    pools = [
        Pool(f"p{place}", tuple(Endpoint(url=f"http://{place}.{number}:1") for number in range(many)))
        for place, many in enumerate(numbers)
    ]
    kept, parts = fewer(pools, each)
    assert ([len(pool.endpoints) for pool in kept], parts) == (left, slices)
