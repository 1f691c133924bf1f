"""Crossing: which of our files and functions one event enters, from the batch that brings it to the intent.

    python -m benchmarks.crossing

A worker's own parts in virtual time, before one simulated GPU and a store in memory. Kafka, Redis and HTTP are not in
it, nor is what a worker does at its start. What the upkeep does meanwhile is.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from benchmarks.goodput.pipeline import default_pipeline
from benchmarks.goodput.traffic import Traffic
from sandbox.clock import Clock
from sandbox.gpu.answers import LOOKS_AROUND
from sandbox.gpu.timing import Timing
from sandbox.servers.gpu_server import GpuServer, Serving

ROOT = Path(__file__).parents[1]
ROOMS = ("streams", "prompts", "clients", "storage", "agents")
WITHIN_S = 8.0
"""By then the call has been made and its intent written."""

Entered = Counter[tuple[str, str]]
"""How often each function was called, by file and name."""


def crossing() -> Entered:
    """Of one event."""
    clock, entered, written = Clock(), Entered(), list[str]()
    world = clock.process("world")
    server = GpuServer("gpu", Timing(), world, Serving(lambda _: LOOKS_AROUND, 36, reuse=True))
    pipeline = default_pipeline({"gpus": [server]}, lambda who, _, __: written.append(who), world.time)

    async def play() -> None:
        running = asyncio.ensure_future(pipeline.run())
        await asyncio.sleep(1.0)
        sys.setprofile(_counting(entered))
        await pipeline.take(Traffic(5.0, 30.0, 1).arrivals[0])
        await asyncio.sleep(WITHIN_S)
        sys.setprofile(None)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    clock.run(world, play())
    if not written:
        raise AssertionError("no intent came of the event")
    return entered


def _counting(entered: Entered) -> Callable[[FrameType, str, object], None]:
    roots = tuple(f"{ROOT / room}/" for room in ROOMS)

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(roots):
            entered[frame.f_code.co_filename[len(str(ROOT)) + 1 :], frame.f_code.co_qualname] += 1

    return count


def table(entered: Entered) -> str:
    """By folder: files, the most lines that one has, functions, and calls."""
    lines = [f"{'folder':20}{'files':>7}{'longest':>9}{'functions':>11}{'calls':>7}"]
    folders = sorted({str(Path(file).parent) for file, _ in entered})
    for folder in (*folders, "all"):
        found = [each for each in entered if folder in (str(Path(each[0]).parent), "all")]
        files = {file for file, _ in found}
        longest = max((ROOT / file).read_text(encoding="utf-8").count("\n") for file in files)
        calls = sum(entered[each] for each in found)
        lines.append(f"{folder:20}{len(files):7}{longest:9}{len(found):11}{calls:7,}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table(crossing())}\n")
