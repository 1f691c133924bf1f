"""Flames: where a worker's time goes, as flame graphs by py-spy, by itself: `python -m benchmarks.flames docs/images`.

`flames-ingest.svg`: a worker drains a topic, with all its work and an instant model. `flames-call.svg`: events come at
a steady pace, each that asks for a call has one, and the minimal server answers. py-spy gets an environment of its own,
and needs the right to look into our processes, which it does not stop.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from redis.asyncio import Redis

from benchmarks import ingest, paced
from benchmarks.answering import AnsweringServer
from benchmarks.environments import TOLD, Environment, run
from benchmarks.load import Load, fill, make_topic
from benchmarks.servers import Servers, servers
from streams.errors import PlatformLacks

PY_SPY = Environment("py-spy")
SECONDS, RATE = 6, 100
"""How long it looks, and how often in a second."""

WITHIN_S, LOOK_S = 120.0, 0.05
EVENTS, SHOPPERS, PARTITIONS = 500_000, 2_000, 8
PACE = paced.Pace(150.0, 20.0)


async def draw(folder: Path, run_folder: Path) -> None:
    """Both graphs. PlatformLacks where py-spy cannot be had, or may not look."""
    if why := await PY_SPY.install():
        raise PlatformLacks(f"py-spy: {why}")
    async with servers(run_folder) as stage:
        await _ingest(stage, folder / "flames-ingest.svg")
        async with AnsweringServer(run_folder, 0.02) as server:
            model = {"url": server.url, "dialect": "openai"}
            await paced.run(stage, PACE, model, lambda pid: _look(stage, pid, folder / "flames-call.svg"))


async def _ingest(stage: Servers, file: Path) -> None:
    topic = f"flames-{uuid4().hex[:8]}"
    await make_topic(stage.kafka.address, topic, PARTITIONS)
    await fill(stage.kafka.address, topic, Load(EVENTS, SHOPPERS).records())
    await stage.forget()
    process = await asyncio.create_subprocess_exec(
        *ingest.full_worker(stage, topic, EVENTS), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await _look(stage, process.pid, file)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _look(stage: Servers, pid: int, file: Path) -> None:
    """Draw what the process does, from its first write to Redis on."""
    async with Redis.from_url(stage.redis.url) as client, asyncio.timeout(WITHIN_S):
        while not await client.dbsize():  # noqa: ASYNC110 (Redis has no event)
            await asyncio.sleep(LOOK_S)
    options = ["--nonblocking", "--function", "--duration", str(SECONDS), "--rate", str(RATE), "--output", str(file)]
    command = [str(PY_SPY.program("py-spy")), "record", "--pid", str(pid), *options]
    status, _, said = await run(command, WITHIN_S)
    if status:
        raise PlatformLacks(f"py-spy: {said[-TOLD:].strip()}")
    await asyncio.to_thread(_title, file, " ".join(command))


def _title(file: Path, command: str) -> None:
    """A title of its own: py-spy's is the command, with this machine's paths."""
    drawn = file.read_text(encoding="utf-8")
    file.write_text(drawn.replace(command, f"{file.stem}: {RATE} samples a second"), encoding="utf-8")


async def main(folder: str) -> None:
    """Draw into this folder."""
    with tempfile.TemporaryDirectory() as run_folder:
        await draw(Path(folder), Path(run_folder))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
