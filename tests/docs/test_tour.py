"""The tour as people play it: every command of the page, on `penchant demo --keep`, in order."""

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penchant.cli.main import app

PAGE = Path(__file__).parents[2] / "docs" / "tour.md"
BLOCK = re.compile(r"(<!-- not played: [^>]+ -->\n\n?)?```console\n(.*?)```", re.DOTALL)
WORD = re.compile(r"[a-z]{4,}")

SECONDS, WITHIN_S = 6, 240
KEPT = "Kept running until Ctrl-C"
ALIKE = 0.6
"""The share of the words of an output on the page that are in the one that comes: names and what is worst differ."""

ENDS = {"penchant doctor": (0, 3)}
"""Doctor says by its status that there are warnings, and of one broker there are."""

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.triton]


@dataclass(frozen=True)
class Step:
    """A command of the page, its here-document with it, and what the page shows behind it."""

    command: str
    output: str


def steps(text: str) -> Iterator[Step]:
    """Those of all blocks that are not marked."""
    for marked, block in BLOCK.findall(text):
        if not marked:
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                if "<<'END'" in command:
                    body, _, output = output.partition("\nEND\n")
                    command = f"{command}\n{body}\nEND"
                yield Step(command, output)


@contextmanager
def kept(folder: Path, command: str) -> Iterator[None]:
    """The demonstration, played for less long than on the page, then kept."""
    asked = [sys.executable, "-m", "penchant.cli", *shlex.split(command)[1:], "--seconds", str(SECONDS)]
    log = folder / "demo.log"
    with log.open("w") as out, subprocess.Popen(asked, cwd=folder, stdout=out, stderr=out) as demo:
        try:
            until_s = time.monotonic() + WITHIN_S
            while KEPT not in log.read_text():
                assert demo.poll() is None, log.read_text()
                assert time.monotonic() < until_s, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(120)


def done(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a command says: ours in this process, which has it imported, others by a shell."""
    if command.startswith("penchant "):
        ended = CliRunner().invoke(app, shlex.split(command)[1:])
        assert ended.exit_code in ENDS.get(command, (0,)), f"{command}\n{ended.output}"
        return ended.output
    if command.startswith("export "):
        name, _, value = command.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, value)
        return ""
    shell = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, check=True, timeout=60)
    return shell.stdout


def test_every_command_of_the_tour_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends well, and says much of what the page says that it does. What cannot be played is marked there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    demo, *others = steps(PAGE.read_text("utf-8"))
    assert "--keep" in demo.command
    with kept(tmp_path, demo.command):
        for each in others:
            words = set(WORD.findall(each.output))
            missing = words - set(WORD.findall(done(each.command, monkeypatch)))
            assert len(missing) <= len(words) * (1 - ALIKE), (each.command, missing)
