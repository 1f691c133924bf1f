"""Answers in a file that several threads read."""

import asyncio
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
