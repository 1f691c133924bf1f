"""Golden: a replica that answers otherwise than its peers is found, and nobody is taken out for anything else."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.calls import Call, Completion
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.golden import GoldenRules, GoldenWatch, outliers
from clients.pools.registry import Notice
from clients.pools.replicas import Replica
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn


class Words:
    """Compares whole answers."""

    def call(self, deadline_s: float) -> Call:
        return Call("golden", "which?", deadline_s, 10)

    def fields(self, completion: Completion) -> str:
        return completion.text


class Fleet:
    """A pool of so many servers that say `a` until told otherwise, and a watch over it."""

    def __init__(self, count: int) -> None:
        self.says = {f"gpu{number}:1": "a" for number in range(count)}
        self.models = {name: ScriptedModel(self._script(name), name="tiny") for name in self.says}
        self.notices: list[Notice] = []
        pool = Pool("own", tuple(Endpoint(url=name) for name in self.says))
        self.client = PooledClient([pool], lambda each: self.models[each.url], notify=self.notices.append)
        self.watch = GoldenWatch(self.client.router.registry, Words, GoldenRules(60.0))

    def _script(self, name: str) -> Callable[[Call], Turn]:
        return lambda _: Turn((self.says[name],))

    async def rounds(self, count: int) -> None:
        for _ in range(count):
            await self.watch.look()

    def told(self, kind: str) -> list[str]:
        return [each.replica for each in self.notices if each.kind == kind]

    def out(self) -> list[str]:
        return [each.name for each in self.client.replicas if not each.usable]

    def replica(self, name: str) -> Replica:
        return next(each for each in self.client.replicas if each.name == name)


def seen(count: int, main: Callable[[Fleet], Awaitable[None]]) -> None:
    async def run() -> None:
        await main(Fleet(count))

    virtually(run)


def test_one_that_differs_three_times_is_taken_out_until_it_agrees() -> None:
    """Not before, and told once; its cause is its own. However long it is out, it comes back only when it agrees."""

    async def main(fleet: Fleet) -> None:
        fleet.says["gpu3:1"] = "b"
        await fleet.rounds(2)
        assert not fleet.out()
        await fleet.rounds(5)
        assert fleet.out() == fleet.told("marked") == fleet.told("ejected") == ["gpu3:1"]
        assert fleet.replica("gpu3:1").counts.ejections == {"answers": 1}
        detector = fleet.replica("gpu3:1").outlier_detector
        assert not detector.may_return(float("inf"))
        fleet.says["gpu3:1"] = "a"
        await fleet.rounds(1)
        assert detector.may_return(float("inf"))

    seen(10, main)


def test_a_word_that_is_right_again_begins_anew() -> None:
    """What differs now and then is chance."""

    async def main(fleet: Fleet) -> None:
        for says in "bbabbabba":
            fleet.says["gpu3:1"] = says
            await fleet.rounds(1)
        assert not fleet.notices

    seen(10, main)


def test_never_more_than_one_in_ten_and_never_the_last() -> None:
    """A small pool loses none: who differs is marked, and an operator decides."""

    async def main(fleet: Fleet) -> None:
        fleet.says["gpu0:1"] = "b"
        await fleet.rounds(5)
        assert fleet.told("marked") == ["gpu0:1"]
        assert not fleet.out()

    seen(4, main)

    async def another(fleet: Fleet) -> None:
        fleet.says["gpu3:1"] = "b"
        await fleet.rounds(3)
        fleet.says["gpu4:1"] = "c"
        await fleet.rounds(9)
        assert fleet.out() == ["gpu3:1"]

    seen(10, another)


def test_a_release_ejects_none() -> None:
    """When all change at once, and when so many have changed that nobody knows who is right."""

    async def main(fleet: Fleet) -> None:
        await fleet.rounds(3)
        fleet.says = dict.fromkeys(fleet.says, "b")
        await fleet.rounds(5)
        for number, name in enumerate(fleet.says):
            fleet.says[name] = f"c{number}"
        await fleet.rounds(5)
        assert not fleet.notices

    seen(10, main)


def test_who_does_not_answer_is_for_others_to_judge() -> None:
    """Nor is one with another model compared."""

    async def main(fleet: Fleet) -> None:
        fleet.models["gpu3:1"].away = True
        fleet.models["gpu4:1"].name, fleet.says["gpu4:1"] = "large", "b"
        await fleet.rounds(5)
        assert not fleet.notices

    seen(10, main)


def test_what_nobody_expects_ends_nothing() -> None:
    """A server whose answer breaks the client is compared with nobody; the others are."""

    async def main(fleet: Fleet) -> None:
        def broken(_: Call) -> Turn:
            raise RuntimeError("what nobody expects")

        fleet.models["gpu3:1"]._script = broken
        fleet.says["gpu4:1"] = "b"
        await fleet.rounds(3)
        assert fleet.told("marked") == ["gpu4:1"]

    seen(11, main)


@pytest.mark.parametrize(("workers", "calls"), [(1, 10), (5, 2)])
def test_each_is_asked_once_in_a_while_by_all_workers_together(workers: int, calls: int) -> None:
    """The more workers ask, the less often each does."""

    async def main(fleet: Fleet) -> None:
        watch = GoldenWatch(fleet.client.router.registry, Words, GoldenRules(60.0), lambda: workers)
        running = asyncio.ensure_future(watch.run())
        await asyncio.sleep(601.0)
        running.cancel()
        assert len(fleet.models["gpu0:1"].calls) == calls

    seen(3, main)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_only_few_among_many_that_agree_are_outliers(answers: Sequence[str]) -> None:
    """Those who differ are at most one in ten, or one; the others all say the same, and are two at least."""
    found = outliers(answers)
    if found is not None:
        usual = {answer for answer, differs in zip(answers, found, strict=True) if not differs}
        assert len(usual) == 1
        assert found.count(False) >= 2
        assert found.count(True) <= max(len(answers) // 10, 1)
