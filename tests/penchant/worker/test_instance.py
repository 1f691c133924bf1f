"""Two workers of one kafka.instance_id: the second one ends, and the first one goes on."""

import asyncio

import pytest

from penchant.worker.instance import KEEP_S, PATIENCE_S, instance
from storage.instances import HELD_S
from streams.errors import ContractMismatch, StoreUnavailable
from tests.clients.virtual import virtually


class Names:
    """Names in memory, which their workers lose like those in Redis."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, float]] = {}
        self.refused: list[tuple[str, str]] = []
        self.away = False

    async def claim(self, name: str, worker: str) -> str:
        if self.away:
            raise StoreUnavailable("the names are away")
        now_s = asyncio.get_running_loop().time()
        holder, until_s = self.held.get(name, (worker, 0.0))
        if holder != worker and now_s < until_s:
            return holder
        self.held[name] = worker, now_s + HELD_S
        return worker

    async def release(self, name: str, worker: str) -> None:
        if self.held.get(name, ("", 0.0))[0] == worker:
            del self.held[name]

    async def refuse(self, name: str, worker: str) -> None:
        self.refused.append((name, worker))


def test_the_second_of_a_name_does_not_begin() -> None:
    """It says who has it and what to do; the first one hears nothing of it, however often the other is started."""

    async def main() -> None:
        names = Names()
        async with instance(names, "worker-0", "ann") as ann:
            watching = asyncio.create_task(ann.watch())
            for _ in range(3):
                with pytest.raises(ContractMismatch, match=r"ann has kafka\.instance_id worker-0 too") as found:
                    async with instance(names, "worker-0", "bob"):
                        raise AssertionError("bob has begun")
                assert "of its own" in found.value.remedy
            assert names.refused == [("worker-0", "bob")] * 3
            assert not watching.done()
            watching.cancel()

    virtually(main)


def test_who_comes_back_gets_the_name() -> None:
    """At once after an orderly end; after a kill once the name has ended, within what a start waits."""

    async def main() -> None:
        names, now_s = Names(), asyncio.get_running_loop().time
        async with instance(names, "worker-0", "ann"):
            await asyncio.sleep(60.0)
        began_s = now_s()
        async with instance(names, "worker-0", "ann again"):
            assert now_s() == pytest.approx(began_s, abs=0.1)
        names.held["worker-0"] = "killed", now_s() + HELD_S
        async with instance(names, "worker-0", "next"):
            assert now_s() < began_s + PATIENCE_S

    virtually(main)


def test_who_has_lost_it_ends() -> None:
    """A worker that was frozen, or had no Redis, while another one began: that one goes on."""

    async def main() -> None:
        names = Names()
        async with instance(names, "worker-0", "ann") as ann:
            names.away = True
            await asyncio.sleep(10 * KEEP_S)
            names.away = False
            names.held["worker-0"] = "bob", asyncio.get_running_loop().time() + 60.0
            with pytest.raises(ContractMismatch, match="bob"):
                await ann.watch()
        assert names.held["worker-0"][0] == "bob"

    virtually(main)


def test_a_worker_without_a_name_needs_none() -> None:
    """Members without a name do not know each other."""

    async def main() -> None:
        names = Names()
        async with instance(names, None, "ann") as ann, instance(names, None, "bob"):
            await ann.watch()
            assert not names.held

    virtually(main)
