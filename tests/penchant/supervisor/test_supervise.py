"""Several workers under one parent, by programs that stand in for workers."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from penchant.settings.root import Settings
from penchant.supervisor.supervise import supervise
from streams.errors import Stop
from tests.until import until

WAITS = "import sys, time\nopen(f'{sys.argv[1]}/{sys.argv[-1]}', 'w').close()\ntime.sleep(600)"
FAILS = f"import signal\nsignal.signal(signal.SIGTERM, lambda *_: exit(1))\n{WAITS}"


async def supervised(program: str, folder: Path) -> None:
    """Two of them, which are asked to end once they run."""
    command = [sys.executable, "-c", program, str(folder)]
    running = asyncio.create_task(supervise(Settings.model_validate({}), 2, command))
    await until(lambda: len(list(folder.iterdir())) == 2)
    os.kill(os.getpid(), signal.SIGTERM)
    await running


async def test_workers_that_had_not_begun_end_in_order(tmp_path: Path) -> None:
    """Python had not come to their signal handlers yet: there was nothing to drain."""
    await supervised(WAITS, tmp_path)


async def test_one_that_fails_at_its_end_is_named(tmp_path: Path) -> None:
    """Each by its number."""
    with pytest.raises(Stop, match="not ended in order: worker 1, 2"):
        await supervised(FAILS, tmp_path)
