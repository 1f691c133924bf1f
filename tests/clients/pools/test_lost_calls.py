"""Lost calls: a server that slows without refusing anything loses its calls to one that gets on."""

import asyncio

from clients.calls import Call
from clients.limits.call_ages import KNOWN
from clients.pools.client import PooledClient
from clients.pools.router import RoutedSlot
from tests.clients.shops import pool
from tests.clients.virtual import call, virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn

CALL_S = 1.0
SHOPPERS = tuple(f"shopper-{number}" for number in range(12))


class Server(ScriptedModel):
    """Answers after a second; `stuck`: it takes what comes, and nothing comes of it."""

    def __init__(self) -> None:
        super().__init__(lambda _: Turn(("{}",), delay_s=1e6 if self.stuck else CALL_S))
        self.stuck = False


class Course:
    """Two servers, one in each pool; the first has answered calls."""

    def __init__(self) -> None:
        self.servers = {"a:1": Server(), "b:1": Server()}
        self.first, self.second = self.servers.values()
        pools = [pool("a:1", name="first"), pool("b:1", name="second")]
        self.client = PooledClient(pools, lambda each: self.servers[each.address])

    async def answered(self) -> None:
        """Enough calls of the first pool."""
        for _ in range(KNOWN):
            slot = self.begin("somebody")
            await slot.complete(asked_by("somebody"))
            slot.release()

    def begin(self, shopper: str, *, urgent: bool = False) -> RoutedSlot:
        """A slot, wherever there is one."""
        slot = self.client.router.grant(shopper, "live", 1.0, 0.0, urgent=urgent)
        assert slot is not None
        return slot

    def ask(self, shopper: str) -> tuple[RoutedSlot, asyncio.Task[object]]:
        """A call that goes on."""
        slot = self.begin(shopper)
        return slot, asyncio.ensure_future(slot.complete(asked_by(shopper)))

    async def lose(self, *shoppers: str) -> list[bool]:
        """Their calls, which are begun together and given up when they are lost; whether each of them was."""
        asked = [self.ask(each) for each in shoppers]
        await asyncio.sleep(2.1 * CALL_S)
        given_up = [slot.give_up() for slot, _ in asked]
        for slot, task in asked:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            slot.release()
        return given_up


def asked_by(shopper: str) -> Call:
    return call(asyncio.get_running_loop().time() + 10.0, shopper)


def test_where_calls_are_lost_the_next_ones_go_elsewhere() -> None:
    """All that were there are given up; then one at a time looks whether the first server gets on again."""

    async def main() -> None:
        course = Course()
        await course.answered()
        course.first.stuck = True
        assert all(await course.lose(*SHOPPERS))
        before = len(course.first.calls)
        slots = [course.ask(each) for each in SHOPPERS]
        await asyncio.sleep(0.0)
        assert (len(course.first.calls) - before, len(course.second.calls)) == (1, 11)
        for slot, task in slots:
            task.cancel()
            slot.release()

    virtually(main)


def test_a_call_is_not_given_up_where_nobody_gets_on() -> None:
    """Neither when there is no other server, nor when all have lost calls: it would be lost there, too."""

    async def main() -> None:
        course = Course()
        await course.answered()
        course.first.stuck = course.second.stuck = True
        course.client.replicas[1].limiter.limit._ages.stalled = True  # type: ignore[attr-defined]
        assert not any(await course.lose(*SHOPPERS))

    virtually(main)


def test_a_call_that_is_answered_is_none_to_give_up() -> None:
    """Nor one that has not begun."""

    async def main() -> None:
        course = Course()
        await course.answered()
        slot = course.begin("ada")
        assert not slot.give_up()
        await slot.complete(asked_by("ada"))
        await asyncio.sleep(10.0)
        assert not slot.give_up()

    virtually(main)


def test_nobody_urgent_looks_whether_a_server_gets_on() -> None:
    """Others do. When there is no other server they take what there is."""

    async def main() -> None:
        course = Course()
        await course.answered()
        course.first.stuck = True
        await course.lose(*SHOPPERS)
        urgent = [course.begin(each, urgent=True) for each in SHOPPERS]
        assert course.client.replicas[0].limiter.in_flight.total() == 0
        course.begin("ada")
        assert course.client.replicas[0].limiter.in_flight.total() == 1
        assert len(urgent) == len(SHOPPERS)

    virtually(main)


def test_a_server_that_loses_calls_one_after_the_other_is_ejected() -> None:
    """Five that began there alone, while others answer: their number does not make them late. The first is of those
    that began together."""

    async def main() -> None:
        course = Course()
        await course.answered()
        course.first.stuck = True
        await course.lose(*SHOPPERS)
        replica = course.client.replicas[0]
        for number in range(4):
            assert replica.usable
            await asyncio.sleep(5.0)  # the longest pause
            answered = course.client.router.grant(f"other-{number}", "live", 1.0, 0.0, urgent=True)
            assert answered is not None
            await answered.complete(asked_by("other"))
            answered.release()
            assert await course.lose("ada") == [True]
        assert not replica.usable

    virtually(main)
