"""A call that has just begun is begun anew for an urgent action, where waiting for two would be too long."""

import asyncio
from collections.abc import Callable

import pytest

from agents.health.statistics import Meter
from agents.worker.backlog_rules import BacklogRules
from agents.worker.restarts import SHARE, Restarts
from agents.worker.shoppers import Owed
from streams.sessions.ledger import Ticket
from tests.agents.desk import Desk, Gate, desk
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn

TOOK_S = 1.5
FIRST = round(1 / SHARE)
"""So many calls are made before one may be begun anew."""


async def ready(at: Desk, calls: int = FIRST) -> None:
    """Enough calls have been answered, each after the same time."""
    for number in range(calls):
        at.view(f"s{number}")
    await asyncio.sleep(calls * (TOOK_S + 0.1))
    assert at.meter.intents == calls


@pytest.mark.parametrize(("after_s", "anew"), [(0.3, 1), (1.0, 0)])
def test_one_call_covers_the_urgent_action_if_the_other_has_just_begun(after_s: float, anew: int) -> None:
    """It is cancelled on the server, its slot comes free, nothing is lost and nothing is called for twice. One that has
    run for longer goes on, and another one follows it."""

    async def main() -> None:
        model = ScriptedModel(lambda _: Turn(delay_s=TOOK_S))
        gate = Gate(model, slot_count=FIRST)
        async with desk(model, gate, targets=BacklogRules()) as at:
            await ready(at)
            at.view("ada")
            await asyncio.sleep(after_s)
            at.view("ada", action="cart_add")
            await asyncio.sleep(2 * TOOK_S + 0.5)
            assert at.meter.calls_begun_anew == anew
            assert at.meter.calls == FIRST + 2
            assert at.meter.intents == FIRST + 2 - anew
            assert at.meter.in_flight == 0
            assert not gate.held
            assert at.shoppers["ada"].clean
            assert at.shoppers["ada"].session.durable == at.offset

    virtually(main)


def test_few_calls_are_begun_anew() -> None:
    """And none before it is known what a call takes."""

    async def main() -> None:
        model = ScriptedModel(lambda _: Turn(delay_s=TOOK_S))
        async with desk(model, targets=BacklogRules()) as at:
            at.view("ada")
            await asyncio.sleep(0.1)
            at.view("ada", action="cart_add")
            await asyncio.sleep(2 * TOOK_S + 0.5)
            assert (at.meter.calls, at.meter.calls_begun_anew) == (2, 0)

    virtually(main)


def test_a_call_that_is_owed_is_begun_anew_once() -> None:
    """Whoever acts urgently again and again leaves the share to others; their next call may be begun anew again."""

    async def main() -> None:
        model = ScriptedModel(lambda _: Turn(delay_s=TOOK_S))
        async with desk(model, targets=BacklogRules()) as at:
            await ready(at, 3 * FIRST)
            at.view("ada")
            for _ in range(3):
                await asyncio.sleep(0.2)
                at.view("ada", action="cart_add")
            assert at.meter.calls_begun_anew == 1
            await asyncio.sleep(3 * TOOK_S)
            assert at.shoppers["ada"].clean
            at.view("ada")
            await asyncio.sleep(0.2)
            at.view("ada", action="cart_add")
            assert at.meter.calls_begun_anew == 2

    virtually(main)


@pytest.mark.parametrize("ticket", [None, Ticket(0, "ada", 0.0)])
def test_what_came_since_does_not_make_it_another_call(ticket: Ticket | None) -> None:
    """Whether the ticket of what was put back is open or not."""
    began_anew, since = Owed(first_s=0.0, last_s=0.0, ticket=ticket, begun_anew=True), Owed(first_s=1.0, last_s=1.0)
    assert began_anew.merge(since).begun_anew


def leave(at: Desk) -> None:
    """The partition goes to another worker."""
    at.backlog.drop_partition(at.partition)
    at.partition.end()


def erase(at: Desk) -> None:
    """The shopper who is served is erased."""
    at.backlog.drop(at.shoppers["ada"])
    at.shoppers["ada"].end()


def test_a_call_that_is_given_up_meanwhile_is_not_begun_anew() -> None:
    """Its partition goes in the same instant as the urgent action comes: the task ends, and asks for nothing."""

    async def main() -> None:
        model = ScriptedModel(lambda _: Turn(delay_s=TOOK_S))
        gate = Gate(model, slot_count=FIRST)
        async with desk(model, gate, targets=BacklogRules()) as at:
            await ready(at)
            at.view("ada")
            await asyncio.sleep(0.2)
            at.view("ada", action="cart_add")
            at.dispatch.abandon(at.partition)
            gate.asked.clear()
            await asyncio.sleep(TOOK_S)
            assert (at.meter.calls_begun_anew, gate.asked, at.meter.in_flight) == (1, [], 0)
            assert not gate.held

    virtually(main)


@pytest.mark.parametrize("end", [leave, erase])
def test_nothing_is_owed_to_a_shopper_who_ended_meanwhile(end: Callable[[Desk], None]) -> None:
    """The partition went, or the shopper was erased, between the urgent action and the call's end: nothing is put
    back, and no slot is asked for."""

    async def main() -> None:
        model = ScriptedModel(lambda _: Turn(delay_s=TOOK_S))
        gate = Gate(model, slot_count=FIRST)
        async with desk(model, gate, targets=BacklogRules()) as at:
            await ready(at)
            at.view("ada")
            await asyncio.sleep(0.2)
            at.view("ada", action="cart_add")
            assert at.meter.calls_begun_anew == 1
            end(at)
            gate.asked.clear()
            await asyncio.sleep(TOOK_S)
            assert (gate.asked, len(at.backlog)) == ([], 0)
            assert at.shoppers["ada"].running is not None
            assert not gate.held

    virtually(main)


@pytest.mark.parametrize(
    ("took_s", "ran_s", "pays"),
    [(1.5, 0.1, True), (1.5, 0.6, False), (0.9, 0.1, False), (2.7, 0.3, True), (2.4, 0.0, False), (6.0, 0.1, False)],
)
def test_when_it_pays(took_s: float, ran_s: float, pays: bool) -> None:  # noqa: FBT001
    """One call keeps the target of urgent actions, or the one of all, and two would not."""
    restarts = Restarts(BacklogRules(), Meter())
    restarts._took_s = took_s
    assert restarts._pays(ran_s) is pays
