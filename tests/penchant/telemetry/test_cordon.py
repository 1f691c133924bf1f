"""The command that cordons: for an ejection that lasts, once, within bounds, and nobody waits for it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from pydantic import ValidationError

from clients.pools.registry import Notice
from penchant.settings.operation import Alerts
from penchant.telemetry.cordon import SHOWN_BYTES, Cordon, end
from penchant.telemetry.lasting_ejections import LastingEjections
from tests.until import until

OUT = Notice("ejected", "own", "triton-1:8001", "5 calls in a row failed", 100.0)
BACK = replace(OUT, kind="returned", at_s=115.0)


def test_an_ejection_that_lasts_is_due_once() -> None:
    """Not before its time, and not twice."""
    lasting = LastingEjections(300)
    lasting.hear(OUT)
    assert not list(lasting.due(399.9))
    assert list(lasting.due(400)) == [OUT]
    assert not list(lasting.due(500))


def test_a_server_on_trial_is_still_the_same_ejection() -> None:
    """It comes back and goes again: due from the first time on, while it is out. Well for long, it begins anew."""
    lasting = LastingEjections(300)
    again = replace(OUT, at_s=120.0)
    for notice in (OUT, BACK, again):
        lasting.hear(notice)
    assert list(lasting.due(400)) == [again]
    later = replace(OUT, at_s=1_000.0)
    for notice in (replace(BACK, at_s=450.0), later):
        lasting.hear(notice)
    assert not list(lasting.due(1_299))
    assert list(lasting.due(1_300)) == [later]


@pytest.mark.parametrize("end", [BACK, replace(OUT, kind="removed", at_s=115.0)])
def test_who_is_back_or_gone_is_not_due(end: Notice) -> None:
    """However long ago it was out."""
    lasting = LastingEjections(300)
    lasting.hear(OUT)
    lasting.hear(end)
    assert not list(lasting.due(9_999))


@asynccontextmanager
async def cordoning(
    script: str, folder: Path, *out: Notice, within_s: float = 60.0
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """A running hook, told of these; yields the lines that it logs."""
    file = folder / "cordon.py"
    file.write_text(script, encoding="utf-8")
    with structlog.testing.capture_logs() as logs:
        hook = Cordon((sys.executable, str(file), str(folder)), 1e-9, within_s)
        running = asyncio.create_task(hook.run(0.01))
        for notice in out:
            hook.tell(replace(notice, at_s=0.0))
        try:
            yield logs
        finally:
            running.cancel()
            await asyncio.wait({running})


async def test_it_hears_which_server_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name as its last argument, the alert on stdin, and no variable of ours; what it prints is logged."""
    monkeypatch.setenv("PENCHANT_REDIS__PASSWORD", "hunter2")
    script = "import os, sys; print(sys.argv[-1], sys.stdin.read(), 'PENCHANT' in str(os.environ))"
    async with cordoning(script, tmp_path, OUT) as logs:
        await until(lambda: logs)
    [line] = logs
    name, _, rest = line["said"].partition(" ")
    text, _, leaks = rest.rpartition(" ")
    assert (line["event"], line["status"], name, leaks) == ("cordon.done", 0, OUT.replica, "False")
    assert orjson.loads(text)["why"] == OUT.why


async def test_one_at_a_time_for_a_server(tmp_path: Path) -> None:
    """Told of it twice while its command runs, the hook starts no second one."""
    script = "import pathlib, sys, time; open(sys.argv[1] + '/began', 'a').write('x'); time.sleep(600)"
    async with cordoning(script, tmp_path, OUT, OUT):
        await until((tmp_path / "began").exists)
        await asyncio.sleep(0.1)
        assert (tmp_path / "began").read_text() == "x"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import time; print('begun', flush=True); time.sleep(600)", "longer than"),
        ("import sys; sys.stdout.write('x' * 1_000_000); sys.exit(3)", "x" * SHOWN_BYTES),
    ],
)
async def test_one_that_hangs_or_fails_is_said(script: str, said: str, tmp_path: Path) -> None:
    """Within its time, and with the end of what it printed."""
    async with cordoning(script, tmp_path, OUT, within_s=2.0 if "sleep" in script else 60.0) as logs:
        await until(lambda: logs)
    assert logs[0]["event"] == "cordon.failed"
    assert said in logs[0].get("error", logs[0]["said"])


async def test_one_that_is_being_killed_at_the_end_is_waited_for() -> None:
    """The hook's end comes while that of its command is waited for: nothing is left that asyncio has not heard of."""
    command = (sys.executable, "-c", "import time; time.sleep(600)")
    process = await asyncio.create_subprocess_exec(*command, process_group=0)
    ending = asyncio.create_task(end(process, OUT))
    await asyncio.sleep(0)  # it is killed
    ending.cancel()
    await asyncio.wait({ending})
    assert ending.cancelled()
    assert process.returncode == -signal.SIGKILL


async def test_at_the_end_nothing_is_left_running(tmp_path: Path) -> None:
    """What the command started neither."""
    script = (
        "import os, subprocess, sys; child = subprocess.Popen(['sleep', '600']);"
        "open(sys.argv[1] + '/pids', 'w').write(f'{os.getpid()} {child.pid} .'); child.wait()"
    )
    pids = tmp_path / "pids"
    async with cordoning(script, tmp_path, OUT):
        await until(lambda: pids.exists() and pids.read_text().endswith("."))
    own, child = map(int, pids.read_text().split()[:2])
    await until(lambda: not _runs(own) and not _runs(child))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user who may not kill what it has started")
async def test_one_that_may_not_be_killed_is_said_and_ends_nobody(tmp_path: Path) -> None:
    """As sudo does, it runs as another user by then; the next ejection is heard of all the same."""
    script = "import time; print('begun', flush=True); time.sleep(600)"
    async with cordoning(script, tmp_path, OUT, within_s=2.0) as logs:
        await asyncio.sleep(1.0)
        os.setresuid(65_534, 65_534, 0)
        try:
            await until(lambda: len(logs) == 2)
        finally:
            os.setresuid(0, 0, 0)
        os.kill(logs[1]["pid"], signal.SIGKILL)
        await until(lambda: not Path(f"/proc/{logs[1]['pid']}").exists())
        await asyncio.sleep(0.1)  # asyncio hears of it, and closes its pipes
    assert [each["event"] for each in logs] == ["cordon.failed", "cordon.left"]


async def test_a_command_that_is_not_there_is_said() -> None:
    """And the next ejection is heard of all the same."""
    with structlog.testing.capture_logs() as logs:
        hook = Cordon(("/nowhere/cordon",), 1e-9)
        running = asyncio.create_task(hook.run(0.01))
        hook.tell(replace(OUT, at_s=0.0))
        await until(lambda: len(logs) == 1)
        hook.tell(replace(OUT, replica="triton-2:8001", at_s=0.0))
        await until(lambda: len(logs) == 2)
        running.cancel()
        await asyncio.wait({running})
    assert {line["error"] for line in logs} == {"/nowhere/cordon: No such file or directory"}


def test_words_of_the_environment_and_empty_ones() -> None:
    """Words stand between commas, as in all lists; an empty word is a wrong setting."""
    assert Alerts(command="cordon, --quiet").command == ("cordon", "--quiet")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        Alerts(command=("",))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
