"""Pipeline: a worker with the default settings before simulated GPUs, and what of it can be switched off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.build import Kinds, everybody_alone
from agents.worker.routes import Route, Router, Slot, SlotSupplier
from agents.worker.shoppers import Owed, Shopper
from clients.calls import Class, ModelClient
from clients.limits.adaptive_limit import LimitRules
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.registry import Notify
from penchant.offline.whatif.pipeline import Before, Pipeline
from penchant.settings.root import Settings
from streams.records.intents import Intent
from streams.sessions.positions import Position


@dataclass(frozen=True, slots=True)
class Without:
    """What is switched off, to see what it is worth.

    Without `coalescing` every event is due at once; those that come while a call of the same shopper waits or runs
    still go together. Without `affinity` any replica takes a call. Without `appending` the prompt's history is a
    sliding window. Without `ordering` the backlog is first in, first out.
    """

    coalescing: bool = False
    affinity: bool = False
    appending: bool = False
    ordering: bool = False


class Named(ModelClient, Protocol):
    """A model server with a name."""

    @property
    def name(self) -> str: ...


def default_pipeline(
    pools: Mapping[str, Sequence[Named]],
    readable: Callable[[str, int, float], None],
    now_s: Callable[[], float],
    without: Without | None = None,
    traffic_class: Class = "live",
    limits: LimitRules | None = None,
    notify: Notify | None = None,
    router: Callable[[Route], Router] = everybody_alone,
    call_budget_s: float = 0.0,
    beat_s: float = 0.0,
    weights: Mapping[str, float] | None = None,
) -> Pipeline:
    """One worker before ordered pools of model servers, which all weigh the same without `weights`. `readable` is told
    of each answer: whose, up to which offset, and when; `call_budget_s` is for the active set, 0 for all replicas,
    `beat_s` for the beat."""
    without, weights = without or Without(), weights or {}
    clients = {replica.name: replica for replicas in pools.values() for replica in replicas}
    named = [
        Pool(name, tuple(Endpoint(url=f"http://{each.name}", weight=weights.get(each.name, 1.0)) for each in replicas))
        for name, replicas in pools.items()
    ]
    before = Before(
        pools=named,
        connect=lambda endpoint: clients[endpoint.address],
        now_s=now_s,
        traffic_class=traffic_class,
        limits=limits,
        notify=notify,
    )
    kinds = Kinds(backlog=FirstInFirstOut if without.ordering else Backlog)
    slots: Callable[[SlotSupplier], SlotSupplier] = Scattered if without.affinity else lambda slots: slots
    meter = Noting(readable, now_s)
    return Pipeline(_settings(without, call_budget_s, beat_s), before, meter, router=router, kinds=kinds, slots=slots)


class Noting(Meter):
    """A meter that tells of intents that a model has answered for; the rules' own are not counted as answers."""

    def __init__(self, readable: Callable[[str, int, float], None], now_s: Callable[[], float]) -> None:
        super().__init__()
        self._readable, self._now_s = readable, now_s

    def count_intent(self, intent: Intent, freshness_ms: float, *, seen: bool = False) -> None:
        super().count_intent(intent, freshness_ms, seen=seen)
        if intent.model:
            self._readable(intent.shopper, Position.parse(intent.position).offset, self._now_s())


class FirstInFirstOut(Backlog):
    """Whoever is due first is served first, however late."""

    def _file(self, shopper: Shopper, owed: Owed) -> None:
        if owed.call and not owed.upgrade:
            self._due.fresh.push(float("inf"), shopper)
        else:
            super()._file(shopper, owed)


class Scattered:
    """Slots that know no shopper."""

    def __init__(self, slots: SlotSupplier) -> None:
        self.listen, self.room = slots.listen, slots.room
        self._slots, self._numbers = slots, count()

    def grant(self, shopper: str, waited_s: float, passed_s: float, *, urgent: bool = False) -> Slot | None:  # noqa: ARG002 (that is the point)
        """A place at any replica."""
        return self._slots.grant(str(next(self._numbers)), waited_s, passed_s, urgent=urgent)


def _settings(without: Without, call_budget_s: float, beat_s: float) -> Settings:
    """The usual ones, but for what is switched off."""
    usual = Settings()
    session, triggers, routing = (
        usual.session,
        usual.triggers,
        replace(usual.routing, call_budget_s=call_budget_s, beat_s=beat_s),
    )
    if without.coalescing:
        triggers = replace(triggers, debounce_s=0.0, max_wait_s=0.0, min_interval_s=0.0)
    if without.appending:
        session = replace(session, high_rows=session.low_rows)
    return usual.model_copy(update={"session": session, "triggers": triggers, "routing": routing})
