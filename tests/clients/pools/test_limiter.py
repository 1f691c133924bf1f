"""The limiter: places, classes, tokens, and that nothing leaks."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.calls import Call, Class, Completion
from clients.limits.adaptive_limit import LimitRules
from clients.pools.limiter import CEILINGS, SHARES, Limiter, Slot
from clients.pools.wait_queue import CLASSES, WaitQueue
from streams.errors import DeadlinePassed, ModelOverloaded, ModelUnavailable, PenchantError
from tests.clients.limit_comparison import FixedLimit
from tests.clients.virtual import call, virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.queueing_server import QueueingServer
from tests.fakes.scripted_calls import Turn

classes: st.SearchStrategy[Class] = st.sampled_from(CLASSES)


@given(st.lists(st.tuples(st.booleans(), classes, st.integers(0, 100)), max_size=200), st.integers(2, 20))
def test_never_more_in_flight_than_the_class_may_fill(steps: list[tuple[bool, Class, int]], most: int) -> None:
    """Whoever comes and goes: a place is given only below the ceiling of the class, and what is given back is free."""

    async def main() -> None:
        limiter = Limiter(FixedLimit(most))
        held: list[Slot] = []
        limiter.admits("live", 0.0)
        limiter.admits("replay", 0.0)
        for takes, traffic_class, which in steps:
            before, own = limiter.in_flight.total(), limiter.in_flight[traffic_class]
            if takes:
                slot = limiter.acquire(traffic_class, 0.0)
                below = before < max(int(most * CEILINGS[traffic_class]), 1)
                assert (slot is not None) == (below and own < max(int(most * SHARES.get(traffic_class, 1.0)), 1))
                held += [slot] if slot else []
            elif held:
                slot = held.pop(which % len(held))
                slot.release()
                slot.release()
            assert limiter.in_flight.total() == len(held) <= most
        for slot in held:
            slot.release()
        assert not +limiter.in_flight

    virtually(main)


def test_callers_wait_for_a_place_and_leave_none_taken() -> None:
    """Three of two places: the third begins when the first ends; whatever ends a call frees its place."""

    async def main() -> None:
        model, limiter = ScriptedModel(lambda asked: Turn.read(asked.prompt)), Limiter(FixedLimit(2))
        now = asyncio.get_running_loop().time

        async def ask(turn: Turn, deadline_s: float = 100.0) -> Completion:
            asked = call(now() + deadline_s, prompt=turn.prompt())
            async with limiter.slot(asked) as slot:
                return await slot.ask(model, asked)

        turns = [Turn(delay_s=1.0), Turn(delay_s=2.0), Turn(delay_s=1.0, fault="overload"), Turn(fault="failure")]
        results = await asyncio.gather(*map(ask, turns), ask(Turn(delay_s=9.0), 3.0), return_exceptions=True)
        kinds = [type(each) for each in results]
        assert kinds == [Completion, Completion, ModelOverloaded, ModelUnavailable, DeadlinePassed]
        assert model.most_running == 2
        assert limiter.in_flight.total() == limiter.tokens == limiter.wait_queue.waiting == 0

    virtually(main)


@pytest.mark.parametrize("when_s", [0.5, 1.0, 1.5])
def test_cancelled_anywhere_nothing_leaks(when_s: float) -> None:
    """Waiting, called in the same instant, or on the server: cancelling gives everything back."""

    async def main() -> None:
        model, limiter = ScriptedModel(lambda _: Turn(delay_s=1.0)), Limiter(FixedLimit(2))

        async def ask() -> None:
            asked = call(asyncio.get_running_loop().time() + 100.0)
            async with limiter.slot(asked) as slot:
                await slot.ask(model, asked)

        tasks = [asyncio.ensure_future(ask()) for _ in range(6)]
        await asyncio.sleep(when_s)
        for task in tasks[2:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert limiter.in_flight.total() == limiter.tokens == limiter.wait_queue.waiting == 0
        assert model.tally.opened == model.tally.closed

    virtually(main)


def test_who_waits_too_long_or_behind_too_many_is_told_so() -> None:
    """The line has an end, and its deadline is the call's."""

    async def main() -> None:
        limiter = Limiter(FixedLimit(2), wait_queue=WaitQueue(most=3))
        held = [limiter.acquire("live", 0.0) for _ in range(2)]
        now = asyncio.get_running_loop().time

        async def wait() -> float:
            with pytest.raises(DeadlinePassed):
                async with limiter.slot(call(now() + 5.0)):
                    raise AssertionError("there was no place")
            return now()

        waiting = [asyncio.ensure_future(wait()) for _ in range(3)]
        await asyncio.sleep(1.0)
        with pytest.raises(ModelOverloaded):
            async with limiter.slot(call(now() + 5.0)):
                raise AssertionError("there was no place")
        assert max(await asyncio.gather(*waiting)) == pytest.approx(5.0, abs=0.01)
        assert len(held) == limiter.in_flight.total() == 2

    virtually(main)


def test_background_yields_within_the_time_of_one_call() -> None:
    """A batch fills everything while it is alone. A call's time after live traffic came it has no place; when that is
    over, it keeps some free for a while."""

    async def main() -> tuple[Counter[Class], Counter[Class], Counter[Class]]:
        server, limiter = QueueingServer(100, spread=0.0), Limiter(FixedLimit(20))
        now = asyncio.get_running_loop().time

        async def ask(traffic_class: Class, until_s: float) -> None:
            while now() < until_s:
                asked = call(now() + 1_000.0, traffic_class=traffic_class)
                async with limiter.slot(asked) as slot:
                    await slot.ask(server, asked)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(40):
                tasks.create_task(ask("batch", 40.0))
            await asyncio.sleep(10.5)
            alone = limiter.in_flight.copy()
            for _ in range(40):
                tasks.create_task(ask("live", 20.0))
            await asyncio.sleep(1.0)
            beside = limiter.in_flight.copy()
            await asyncio.sleep(13.0)
            between = limiter.in_flight.copy()
            await asyncio.sleep(7.0)
            assert limiter.in_flight == {"batch": 20, "live": 0}
            return alone, beside, between

    alone, beside, between = virtually(main)
    assert alone == {"batch": 20}
    assert beside == {"live": 20, "batch": 0}
    assert between == {"batch": 15, "live": 0}


def test_live_finds_a_place_at_once_beside_background_work() -> None:
    """A quarter of the limit is kept free of a batch, and a tenth of a replay, while live traffic is there."""

    async def main() -> None:
        limiter = Limiter(FixedLimit(20))
        assert limiter.admits("live", 0.0)
        assert sum(limiter.acquire("batch", 1.0) is not None for _ in range(30)) == 15
        assert sum(limiter.acquire("replay", 1.0) is not None for _ in range(30)) == 3
        assert sum(limiter.acquire("live", 1.0) is not None for _ in range(30)) == 2

    virtually(main)


def test_live_goes_before_replay_before_batch_and_first_before_second() -> None:
    """Places that come free are given by class, and in a class to who came first."""

    async def main() -> list[str]:
        limiter, order = Limiter(FixedLimit(4), dict.fromkeys(CLASSES, 1.0)), list[str]()
        held = [limiter.acquire("live", 0.0) for _ in range(4)]

        async def ask(name: str, traffic_class: Class) -> None:
            async with limiter.slot(call(1_000.0, traffic_class=traffic_class)):
                order.append(name)
                await asyncio.sleep(100.0)

        async with asyncio.TaskGroup() as tasks:
            arrivals: list[tuple[str, Class]] = [
                ("b1", "batch"), ("r1", "replay"), ("l1", "live"), ("b2", "batch"), ("l2", "live")
            ]  # fmt: skip
            for name, traffic_class in arrivals:
                tasks.create_task(ask(name, traffic_class))
                await asyncio.sleep(0.01)
            for slot in held:
                assert slot is not None
                slot.release()
                await asyncio.sleep(0.01)
        return order

    assert virtually(main) == ["l1", "l2", "r1", "b1", "b2"]


def test_long_prompts_take_more_of_the_limit() -> None:
    """Once usual calls are known, ten times longer ones get fewer places; and one always gets in."""

    async def main() -> None:
        server, limiter = QueueingServer(1_000), Limiter(FixedLimit(20))

        async def ask(prompt: str) -> None:
            asked = call(asyncio.get_running_loop().time() + 1_000.0, prompt=prompt)
            async with limiter.slot(asked) as slot:
                await slot.ask(server, asked)

        first = [asyncio.ensure_future(ask("x" * 4_000)) for _ in range(40)]
        await asyncio.sleep(0.1)
        assert limiter.in_flight.total() == 20  # nothing is known of tokens yet
        await asyncio.gather(*first)
        tasks = [asyncio.ensure_future(ask("x" * 40_000)) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert 2 <= limiter.in_flight.total() <= 5
        await asyncio.gather(*tasks)
        limiter.token_estimates.tokens = 1e-9
        assert limiter.admits("live", 0.0)

    virtually(main)


def test_what_ends_a_call_decides_what_is_learned() -> None:
    """An answer teaches, a drop cuts; a failure, a cancelled call and a deadline that was over say nothing."""

    async def main() -> None:
        limiter = Limiter()
        now = asyncio.get_running_loop().time

        async def ask(turn: Turn, deadline_s: float) -> None:
            asked = Call("1", turn.prompt(), now() + deadline_s, 10)
            async with limiter.slot(call(1_000.0)) as slot:
                await slot.ask(ScriptedModel(lambda _: turn), asked)

        cases: list[tuple[Turn, float, type[PenchantError]]] = [
            (Turn(fault="failure"), 5.0, ModelUnavailable), (Turn(), -1.0, DeadlinePassed)
        ]  # fmt: skip
        for turn, deadline_s, error in cases:
            with pytest.raises(error):
                await ask(turn, deadline_s)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(Turn(delay_s=3.0), 9.0), 1.0)
        assert limiter.limit.calls == LimitRules().initial
        cases = [(Turn(fault="overload"), 5.0, ModelOverloaded), (Turn(delay_s=5.0), 2.0, DeadlinePassed)]
        for turn, deadline_s, error in cases:
            before = limiter.limit.calls
            with pytest.raises(error):
                await ask(turn, deadline_s)
            assert limiter.limit.calls < before
            limiter.limit.restart(8)

    virtually(main)


@pytest.mark.parametrize(("answers", "calls"), [(False, 8), (True, 16)], ids=["none", "one"])
def test_calls_that_hang_are_told_from_a_line_on_the_server(answers: bool, calls: int) -> None:  # noqa: FBT001
    """A server that does not stream: calls of which nothing comes cut the limit, unless a later one was answered."""

    async def main() -> None:
        limiter, model = Limiter(), ScriptedModel(lambda asked: Turn.read(asked.prompt))
        now = asyncio.get_running_loop().time

        async def ask(delay_s: float) -> None:
            async with limiter.slot(call(1_000.0)) as slot:
                await slot.ask(model, call(1_000.0, prompt=Turn(delay_s=delay_s).prompt()))

        await ask(1.0)
        hanging = [asyncio.create_task(ask(500.0)) for _ in range(13)]
        await asyncio.sleep(1.0)
        if answers:
            await ask(1.0)
        await asyncio.sleep(5.0)
        limiter.admits("live", now())
        assert limiter.limit.calls == calls
        for task in hanging:
            task.cancel()

    virtually(main)
