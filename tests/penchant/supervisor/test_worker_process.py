"""A worker's process, by programs that stand in for workers."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from penchant.supervisor.worker_process import LONGEST_PAUSE_S, WorkerProcess, pause_s
from streams.errors import SettingInvalid
from tests.until import until

SLEEPS = "import time\ntime.sleep(600)"
DEAF = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n{SLEEPS}"


def program(text: str) -> WorkerProcess:
    """The second worker, which is this program."""
    return WorkerProcess(2, [sys.executable, "-c", text])


def test_pauses_double_up_to_a_bound() -> None:
    """However often it ends."""
    assert [pause_s(ends) for ends in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert pause_s(10_000) == LONGEST_PAUSE_S


async def test_it_is_started_again_after_a_kill() -> None:
    """kill -9: there is another process, and one restart is counted."""
    worker = program(SLEEPS)
    running = asyncio.create_task(worker.run())
    await until(lambda: worker.up_s is not None)
    worker.send(signal.SIGKILL)
    await until(lambda: worker.up_s is None)
    await until(lambda: worker.up_s is not None)
    assert worker.restarts == 1
    running.cancel()
    assert await worker.stop(30) == -signal.SIGTERM


async def test_it_knows_its_number_and_that_no_start_helps() -> None:
    """The number is the command's last word; its status 2 ends the whole."""
    with pytest.raises(SettingInvalid, match="worker 2 cannot run so"):
        await program("import sys\nsys.exit(2 if sys.argv[-2:] == ['--number', '2'] else 0)").run()


async def test_settings_that_become_wrong_end_nobody_else(tmp_path: Path) -> None:
    """A worker that has run well is tried again, until the file is whole again."""
    lines = f"""
import pathlib, sys, time
begun = pathlib.Path({str(tmp_path)!r}) / str(len(list(pathlib.Path({str(tmp_path)!r}).iterdir())))
begun.touch()
time.sleep(600) if begun.name == "2" else sys.exit(1 + int(begun.name))
"""
    worker = WorkerProcess(1, [sys.executable, "-c", lines], steady_s=0.0)
    running = asyncio.create_task(worker.run())
    await until(lambda: worker.restarts == 2 and worker.up_s is not None)
    running.cancel()
    await worker.stop(30)


async def test_who_does_not_end_is_killed() -> None:
    """After the bound; who does not run needs no end."""
    worker = WorkerProcess(1, [sys.executable, "-c", DEAF])
    assert await worker.stop(30) == 0
    running = asyncio.create_task(worker.run())
    await until(lambda: worker.up_s is not None and worker.up_s > 1.0)
    running.cancel()
    assert await worker.stop(0.1) in {-signal.SIGKILL, -signal.SIGTERM}  # the latter if Python had not begun yet
