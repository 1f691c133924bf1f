"""Health: outages never count against a worker, and being stuck does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.health.probes import FRESH_S, STARTS, Health
from agents.health.snapshot import Dependency, PartitionVitals, Vitals

BOUND_S = 120.0
HOUR_S = 3_600
DEPENDENCIES: tuple[Dependency, ...] = ("kafka", "redis", "model")


def vitals(at_s: float, *, polled_s: float | None = None, oldest_s: float | None = None, away: str = "") -> Vitals:
    """One partition; polled just now unless told otherwise; `away` names a dependency."""
    return Vitals(
        at_s=at_s,
        polled_s=at_s if polled_s is None else polled_s,
        away={name: "no answer" for name in DEPENDENCIES if name == away},
        partitions=(PartitionVitals("clicks", 3, oldest_s=oldest_s),),
    )


def test_a_worker_that_starts_is_alive_and_not_ready() -> None:
    """Its start has a bound of its own."""
    health = Health(BOUND_S)
    assert health.alive(0.0).ok
    assert not health.ready(0.0).ok


def test_a_start_that_does_not_end_is_not_alive() -> None:
    """Its own bounds should end it long before; if they do not, it is stuck."""
    health = Health(BOUND_S, began_s=1_000.0)
    assert health.alive(1_000.0 + STARTS * BOUND_S).ok
    assert not health.alive(1_001.0 + STARTS * BOUND_S).ok


def test_ready_when_all_is_there() -> None:
    """Nothing away, nothing to say."""
    health = Health(BOUND_S)
    health.observe(vitals(10.0))
    assert (health.ready(10.0).ok, health.ready(10.0).reasons) == (True, ())


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_not_ready_without_a_dependency(dependency: Dependency) -> None:
    """The reason names it, with what is known."""
    health = Health(BOUND_S)
    health.observe(vitals(10.0, away=dependency))
    assert not health.ready(10.0).ok
    assert health.ready(10.0).reasons == (f"{dependency} is away: no answer",)


def test_not_ready_when_what_was_seen_is_old() -> None:
    """A loop that stands still cannot say that all is well."""
    health = Health(BOUND_S)
    health.observe(vitals(10.0))
    assert health.ready(10.0 + FRESH_S).ok
    assert not health.ready(10.1 + FRESH_S).ok


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_hours_of_an_outage_are_survived(dependency: Dependency) -> None:
    """Work that arrived before it waits for six hours, and Kafka is not polled either: at no second is it not alive,
    nor while it catches up, for as long as the bound."""
    health = Health(BOUND_S)
    for second in range(6 * HOUR_S):
        health.observe(vitals(second, polled_s=5, oldest_s=5, away=dependency if second > 10 else ""))
        assert health.alive(second + 0.9).ok
    back_s = 6 * HOUR_S
    for second in range(back_s, back_s + int(BOUND_S)):
        health.observe(vitals(second, oldest_s=5))
        assert health.alive(second + 0.9).ok
    health.observe(vitals(back_s + BOUND_S + 1, oldest_s=5))
    assert not health.alive(back_s + BOUND_S + 1).ok


@given(st.lists(st.tuples(st.sampled_from(["", *DEPENDENCIES]), st.integers(1, 200)), max_size=9))
def test_only_what_lasts_without_any_outage_counts(times: list[tuple[str, int]]) -> None:
    """However outages come and go: a worker that does nothing is alive up to the bound after the last of them."""
    health, now_s = Health(BOUND_S), 0
    clear_s = float("-inf")
    for away, seconds in times:
        for _ in range(seconds):
            now_s += 1
            health.observe(vitals(now_s, polled_s=-1e9, oldest_s=-1e9, away=away))
            clear_s = now_s + 1 if away else clear_s
            assert health.alive(now_s).ok is (bool(away) or now_s - clear_s <= BOUND_S)


def test_old_uncovered_work_is_not_alive() -> None:
    """Exactly beyond the bound; the reason names the partition."""
    health = Health(BOUND_S)
    health.observe(vitals(130.0, oldest_s=10.0))
    assert health.alive(130.0).ok
    assert health.alive(131.0).reasons == ("work of clicks/3 has been uncovered for 121 s",)
    assert not health.alive(131.0).ok


def test_work_that_is_covered_in_time_is_alive() -> None:
    """However far behind a worker is, as long as what it received is covered: lag is no reason."""
    health = Health(BOUND_S)
    for second in range(HOUR_S):
        seen = vitals(float(second), oldest_s=second - BOUND_S / 2)
        health.observe(replace(seen, partitions=(replace(seen.partitions[0], lag=10_000_000),)))
        assert health.alive(float(second)).ok


def test_polling_that_stopped_is_not_alive() -> None:
    """Without work and without outage a worker still polls."""
    health = Health(BOUND_S)
    health.observe(vitals(200.0, polled_s=70.0))
    assert health.alive(190.0).ok
    assert health.alive(200.0).reasons == ("polling Kafka has stood still for 130 s",)


@pytest.mark.parametrize("away", ["", "redis"])
def test_a_loop_that_stands_still_is_not_alive(away: str) -> None:
    """Not even in an outage: whoever waits for Redis does so without holding the loop."""
    health = Health(BOUND_S)
    health.observe(vitals(10.0, away=away))
    assert health.alive(10.0 + BOUND_S).ok
    assert health.alive(11.0 + BOUND_S).reasons == ("the event loop has stood still for 121 s",)


def test_a_pause_by_operators_is_no_standstill() -> None:
    """What was received before it waits as long as they like; afterwards the count begins anew."""
    health = Health(BOUND_S)
    health.observe(replace(vitals(HOUR_S, oldest_s=0.0), halted=True))
    assert health.alive(HOUR_S).reasons == ("waits for operators, who have paused it",)
    assert health.ready(HOUR_S).ok
    health.observe(vitals(HOUR_S + 1, oldest_s=0.0))
    assert health.alive(HOUR_S + 1).ok
    health.observe(vitals(HOUR_S + 2 * BOUND_S, oldest_s=0.0))
    assert not health.alive(HOUR_S + 2 * BOUND_S).ok
