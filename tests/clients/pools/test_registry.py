"""Registry: who is compared with whom before a replica is taken for a slow one."""

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
        each.at_work = False
    answers(one, 1.5)
    registry.judge(one, 2.0)
    assert one.usable


def test_each_shows_anew_how_fast_it_is_when_the_number_at_work_changes() -> None:
    """Whoever comes to help has few calls at first, and the one that was alone is still busy with all of theirs."""
    registry, replicas = pool_of(2)
    (usable,) = registry.usable(0.0)
    active = ActivePool(RULES, usable)
    for second in range(0, 100, 10):
        active.first(usable, 0.0, float(second), urgent=False)
        for each in replicas:
            answers(each, 0.3)
    assert [each.at_work for each in replicas] == [True, False]
    answers(replicas[0], 1.5)
    active.first(usable, 0.5, 100.0, urgent=False)
    assert [each.at_work for each in replicas] == [True, True]
    answers(replicas[1], 0.3)
    registry.judge(replicas[0], 101.0)
    assert replicas[0].usable
    assert replicas[0].outlier_detector.service_s is not None  # the number at work is decided by it all the same
