"""Registry: who is compared with whom before a replica is taken for a slow one."""

import pytest

from clients.pools.active_replicas import ActivePool
from clients.pools.active_set import ActiveSetRules
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.registry import RegistryRules, ReplicaRegistry
from clients.pools.replicas import Replica
from clients.pools.wait_queue import WaitQueue
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn

RULES = ActiveSetRules(budget_s=2.0)


def pool_of(count: int) -> tuple[ReplicaRegistry, list[Replica]]:
    """A registry of so many servers that are alike."""
    model = ScriptedModel(lambda _: Turn(("x",)), name="tiny")
    registry = ReplicaRegistry(lambda _: model, RegistryRules(), WaitQueue())
    registry.take_up([Pool("own", tuple(Endpoint(url=f"gpu{number}:1") for number in range(count)))], 0.0)
    return registry, list(registry)


def answers(replica: Replica, service_s: float, count: int = 40) -> None:
    for _ in range(count):
        replica.outlier_detector.answered(1.0, service_s)


def test_a_replica_is_slow_beside_those_that_are_at_work() -> None:
    registry, (one, other, third) = pool_of(3)
    answers(one, 1.5)
    answers(other, 0.3)
    answers(third, 0.3)
    registry.judge(one, 2.0)
    assert not one.usable


def test_what_idle_replicas_took_when_they_had_fewer_calls_ejects_nobody() -> None:
    """The one that is left has all calls, and takes longer for each."""
    registry, (one, other, third) = pool_of(3)
    for each in (other, third):
        answers(each, 0.3)
        each.share = 0.0
    answers(one, 1.5)
    registry.judge(one, 2.0)
    assert one.usable


def test_each_shows_anew_how_fast_it_is_when_the_number_at_work_changes() -> None:
    """Whoever comes to help has few calls at first, and the one that was alone is still busy with all of theirs."""
    registry, replicas = pool_of(2)
    (usable,) = registry.usable(0.0)
    active = ActivePool(RULES, usable)
    for second in range(0, 110, 10):
        active.first(usable, 0.0, float(second), urgent=False)
        for each in replicas:
            answers(each, 0.3)
    assert [each.share for each in replicas] == [1, 0]
    answers(replicas[0], 1.5)
    active.first(usable, 0.5, 110.0, urgent=False)
    assert [each.share for each in replicas] == [1, 1]
    answers(replicas[1], 0.3)
    registry.judge(replicas[0], 111.0)
    assert replicas[0].usable
    assert replicas[0].outlier_detector.service_s is not None  # the number at work is decided by it all the same


def test_a_replica_that_shoppers_leave_is_no_measure_for_the_others() -> None:
    """It is quicker, the fewer are left; and it is free only when nobody is."""
    registry, replicas = pool_of(2)
    (usable,) = registry.usable(0.0)
    active = ActivePool(RULES, usable)
    for second in range(40):
        active.first(usable, 0.0, float(second), urgent=False)
        for each in replicas:
            each.outlier_detector.answered(float(second), 0.3)
    for second in range(40, 60):
        assert len(active.first(usable, 0.0, float(second), urgent=False)) == len(usable) - (second >= 48)
        assert active.load().free == (("gpu1:1",) if second >= 48 else ())
        for each, service_s in zip(replicas, (1.5, 0.3), strict=True):
            for _ in range(5):
                each.outlier_detector.answered(float(second), service_s)
        registry.judge(replicas[0], float(second))
    assert replicas[0].usable
    assert replicas[0].outlier_detector.comparable_s == pytest.approx(1.5, abs=0.01)


def test_shoppers_leave_also_where_nobody_calls() -> None:
    """A worker that stands by follows the fleet, and says of the same servers that they are idle."""
    registry, replicas = pool_of(2)
    (usable,) = registry.usable(0.0)
    active = ActivePool(RULES, usable)
    active.first(usable, 0.0, 0.0, urgent=False)
    for second in range(1, 30):
        active.follow(1, float(second), second + 5.0)
    assert [each.share for each in replicas] == [1, 0]
    assert active.load().free == ("gpu1:1",)


def test_more_that_were_put_to_work_are_told_before_the_fleet_is_followed() -> None:
    """What the fleet says was decided before."""
    registry, _ = pool_of(4)
    (usable,) = registry.usable(0.0)
    active = ActivePool(RULES, usable)
    active.first(usable, 0.0, 0.0, urgent=False)
    active.follow(3, 10.0, 15.0)
    active.follow(2, 40.0, 45.0)
    active.first(usable, 0.5, 41.0, urgent=True)
    active.follow(2, 41.1, 46.0)
    told = active.load()
    assert (told.size, told.raised) == (3, 3)
    active.follow(2, 42.0, 47.0)
    assert active.load().size == 2
