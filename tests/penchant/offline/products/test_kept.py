"""Answers in a file that several threads read."""

import asyncio
import os
import threading
from pathlib import Path

from agents.products.understanding import Answered
from penchant.offline.products.kept import kept

TIMES, READERS = 60, 12


async def test_a_job_that_is_stopped_while_it_reads_ends_in_order(tmp_path: Path) -> None:
    """The thread of a read goes on when its task is cancelled; the file is closed after it, not beneath it."""
    for _ in range(TIMES):
        async with kept(tmp_path / "answers.sqlite") as answers:
            await answers.put("a", Answered("text", 3, 4))
            reads = [asyncio.ensure_future(answers.get("a")) for _ in range(READERS)]
            await asyncio.sleep(0)
            for read in reads:
                read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    async with kept(tmp_path / "answers.sqlite") as answers:
        assert await answers.get("a") == Answered("text", 3, 4)
        assert await answers.get("b") is None


async def test_some_answers_are_looked_up_at_once(tmp_path: Path) -> None:
    """Those that there are; the lines of a large file are written by them in time."""
    async with kept(tmp_path / "answers.sqlite") as answers:
        await answers.put("one", Answered("1"))
        await answers.put("two", Answered("2"))
        assert await answers.some(["two", "three", "one"]) == {"one": Answered("1"), "two": Answered("2")}


async def test_an_answer_is_kept_though_whoever_waits_is_cancelled_before_a_thread_is_free(tmp_path: Path) -> None:
    """It is paid for: the one whose call it was may end with all others of a run that fails."""
    async with kept(tmp_path / "answers.sqlite") as answers:
        free = threading.Event()
        busy = [
            asyncio.ensure_future(asyncio.to_thread(free.wait, 30)) for _ in range(min(32, (os.cpu_count() or 1) + 4))
        ]
        await asyncio.sleep(0)
        putting = asyncio.ensure_future(answers.put("a", Answered("paid")))
        await asyncio.sleep(0)
        putting.cancel()
        await asyncio.sleep(0)
        free.set()
        assert [type(each) for each in await asyncio.gather(putting, return_exceptions=True)] == [
            asyncio.CancelledError
        ]
        await asyncio.gather(*busy)
        assert await answers.get("a") == Answered("paid")
