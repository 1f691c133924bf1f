"""The clock: virtual time, frozen and killed processes, deadlocks."""

import asyncio

import pytest

from sandbox.clock import Clock, Process, Stuck


async def _tick(log: list[tuple[float, str]], name: str, times: int) -> None:
    try:
        for _ in range(times):
            await asyncio.sleep(1.0)
            log.append((round(asyncio.get_running_loop().time(), 3), name))
    finally:
        log.append((-1.0, name))


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


def _world() -> tuple[Clock, Process, Process]:
    clock = Clock()
    return clock, clock.process("one"), clock.process("other")


def test_time_jumps_to_the_next_timer() -> None:
    """A day passes in an instant, and callbacks run in the order of their times."""
    clock, one, other = _world()
    log: list[tuple[float, str]] = []
    other.create_task(_tick(log, "b", 2))
    clock.run(one, _tick(log, "a", 86_400))
    assert log[:5] == [(1.0, "b"), (1.0, "a"), (2.0, "b"), (-1.0, "b"), (2.0, "a")]
    assert clock.now_s == pytest.approx(86_400, rel=1e-5)


def test_a_frozen_process_does_later_what_fell_due() -> None:
    """Nothing of it runs, and afterwards nothing is forgotten."""
    clock, one, other = _world()
    log: list[tuple[float, str]] = []
    other.create_task(_tick(log, "b", 3))
    clock.run(one, _sleep(1.5))
    other.freeze()
    clock.run(one, _sleep(10.0))
    assert log == [(1.0, "b")]
    other.thaw()
    clock.run(one, _sleep(5.0))
    assert log == [(1.0, "b"), (11.5, "b"), (12.5, "b"), (-1.0, "b")]


def test_a_killed_process_does_nothing_more() -> None:
    """Not even its cleanup runs, as long as the others do."""
    clock, one, other = _world()
    log: list[tuple[float, str]] = []
    other.create_task(_tick(log, "b", 3))
    clock.run(one, _sleep(1.5))
    other.kill()
    clock.run(one, _sleep(10.0))
    assert log == [(1.0, "b")]
    clock.bury()
    assert log == [(1.0, "b"), (-1.0, "b")]


def test_a_deadlock_names_those_who_wait() -> None:
    """Nothing is left to do, and somebody still waits: that is an error, and says who."""
    clock, one, _ = _world()

    async def lonely() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck, match="one: lonely>wait"):
        clock.run(one, lonely())
    clock.bury()


def test_a_loop_without_a_pause_ends() -> None:
    """A livelock is found by its number of steps."""
    clock = Clock(most=1_000)

    async def restless() -> None:
        while True:  # noqa: ASYNC110
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="no end"):
        clock.run(clock.process("one"), restless())
    clock.bury()


def test_what_nobody_caught_is_a_failure_of_the_process() -> None:
    """An error in a callback is noted, and the others go on."""
    clock, one, other = _world()
    other.call_soon(lambda: 1 / 0)
    clock.run(one, _sleep(1.0))
    assert len(other.failures) == 1
    assert "ZeroDivisionError" in other.failures[0]


def test_timeouts_and_groups_work_as_in_asyncio() -> None:
    """The real asyncio runs on it: timeouts fire, groups cancel, queues hand over."""
    clock, one, _ = _world()
    log: list[str] = []

    async def main() -> None:
        queue: asyncio.Queue[str] = asyncio.Queue(1)
        with pytest.raises(ExceptionGroup):  # noqa: PT012
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_put(queue))
                log.append(await queue.get())
                try:
                    async with asyncio.timeout(2.0):
                        await queue.get()
                except TimeoutError:
                    log.append(f"after {clock.now_s:.0f} s")
                raise RuntimeError
        log.append("left")

    async def _put(queue: asyncio.Queue[str]) -> None:
        await queue.put("first")
        await asyncio.Event().wait()

    clock.run(one, main())
    assert log == ["first", "after 2 s", "left"]
