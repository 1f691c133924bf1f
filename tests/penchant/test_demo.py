"""The demonstration: what it reports, and that it gets over the death of its servers."""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from penchant.demo.run import run
from penchant.demo.stage import DemoPlan, Stage
from sandbox.servers import triton
from sandbox.servers.llama import smollm2
from streams.errors import PlatformLacks
from tests.fakes.openai_server import OpenAIServer
from tests.penchant.commands import Command
from tests.penchant.commands import run as command
from tests.until import until

OTTO = Path(__file__).parents[1] / "data" / "otto_sessions.jsonl"
BAD_ROWS = ("not json", '{"session": 7, "events": "none"}', '{"session": 8}')

pytestmark = [pytest.mark.slow, pytest.mark.redis, pytest.mark.triton]


def demo(folder: Path, *arguments: str, within_s: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "penchant.cli", "demo", "--run-folder", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)


def test_the_report_says_what_ran_and_what_came_of_it(tmp_path: Path) -> None:
    """Simulated shoppers: calls and intents, no more calls than events, nothing lost, every component by its name."""
    done = demo(tmp_path, "--seconds", "4", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["events"] == report["sent"] > 0
    assert 0 < report["calls"] < report["events"]
    assert report["intents"] >= report["shoppers"] // 2
    assert report["dead_letters"] == report["rules_intents"] == 0
    assert set(report["freshness_ms"]) == {"p50", "p95", "p99"}
    assert report["components"]["triton"].startswith("tritonserver")
    assert "simulated GPU" in report["components"]["triton"]
    assert report["components"]["redis"].startswith("redis-server")
    assert [len(match["matches"]) for match in report["matches"]] == [3, 3, 3]
    assert any(each["for"] for match in report["matches"] for each in match["matches"])
    assert {note for match in report["matches"] for note in match["notes"]} == set()
    assert report["cost"]["per_1000_intents"] > 0
    assert report["simulated"] == ["the shoppers", "the GPU and its answers", "Kafka, by librdkafka's mock"]


def test_every_bad_row_of_a_file_becomes_a_dead_letter(tmp_path: Path) -> None:
    """A recording with bad rows between the good ones: as many dead letters as bad rows, and the rest is played."""
    lines = OTTO.read_text(encoding="utf-8").splitlines()
    file = tmp_path / "recording.jsonl"
    file.write_text("\n".join([lines[0], BAD_ROWS[0], *lines[1:8], *BAD_ROWS[1:]]), encoding="utf-8")
    done = demo(tmp_path, "--events", str(file), "--seconds", "5", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["dead_letters"] == len(BAD_ROWS)
    assert report["events"] == sum(len(json.loads(line)["events"]) for line in lines[:8])
    assert report["intents"] > 0


def test_a_file_that_cannot_be_played_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """Exit status 2, and what it should look like."""
    file = tmp_path / "notes.txt"
    file.write_text("hello", encoding="utf-8")
    done = demo(tmp_path, "--events", str(file))
    assert done.returncode == 2
    assert "remedy" in done.stderr


def test_a_model_that_was_never_there_is_no_demonstration(tmp_path: Path) -> None:
    """Intents of the rules alone end with exit status 1, and with what is missing; so does its start say it."""
    done = demo(tmp_path, "--seconds", "2", "--model-url", "http://127.0.0.1:1/v1", "--shoppers", "5", "--rate", "10")
    assert done.returncode == 1, done.stderr
    assert "The model at 127.0.0.1:1 does not answer" in done.stdout
    assert "The model never answered" in done.stderr


async def test_a_model_is_asked_as_settings_and_options_say(tmp_path: Path) -> None:
    """The key comes from the settings, which are no arguments; name and dialect may be either. A server that then
    fails at every call never answered."""
    server = OpenAIServer(("other", "wanted"), "s3cret")
    await server.start()
    try:
        told = {"MODEL__API_KEY": "s3cret", "MODEL__DIALECT": "openai"}
        given = ["--model-url", server.url, "--model-name", "wanted", "--seconds", "2", "--shoppers", "5"]
        ended = await command(tmp_path, told, "demo", "--run-folder", str(tmp_path / "run"), *given)
        assert ended.status == 1, ended.err
        assert {body["model"] for body in server.bodies} == {"wanted"}
        assert {headers["Authorization"] for headers in server.headers} == {"Bearer s3cret"}
        kept = (tmp_path / "run" / "console.toml").read_text(encoding="utf-8")
        assert 'name = "wanted"' in kept
        assert "s3cret" not in kept + ended.out + ended.err
    finally:
        await server.stop()


def test_a_real_model_sets_the_pace(tmp_path: Path) -> None:
    """It is named as what it is, and so is its pace; what it cannot say in time the rules say."""
    try:
        smollm2()
    except PlatformLacks as lacks:
        pytest.skip(f"NO REAL MODEL: {lacks.remedy}")
    done = demo(tmp_path, "--real-model", "--seconds", "20", "--shoppers", "1", "--rate", "0.3", "--json", within_s=400)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert "SmolLM2-135M-Instruct.Q4_1, real" in report["components"]["model"]
    assert triton.missing() or report["components"]["model"].startswith("tritonserver")
    assert report["calls"] > report["call_failures"] == 0


async def test_it_gets_over_the_death_of_triton_and_redis(tmp_path: Path) -> None:
    """Both are killed in mid-run: it says so, they come back, and in the end everything is covered."""
    said: list[str] = []

    @asynccontextmanager
    async def killing(stage: Stage) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            killer = tasks.create_task(_kill_both(stage))
            yield
            killer.cancel()
        assert stage.worker.enrichment.settled

    outcome = await run(DemoPlan(tmp_path, seconds=9), killing, said.append)
    assert [line for line in said if line.startswith("tritonserver") and "ended by itself" in line]
    assert [line for line in said if line.startswith("redis-server") and "ended by itself" in line]
    assert outcome.report["call_failures"] > 0
    assert outcome.report["intents"] > 0
    assert outcome.examples


async def _kill_both(stage: Stage) -> None:
    await until(lambda: stage.worker.meter.intents > 20)
    assert stage.stack.triton is not None
    await until(lambda: stage.worker.meter.in_flight > 0)
    os.kill(stage.stack.triton.pid or 0, signal.SIGKILL)
    await asyncio.sleep(2)
    os.kill(stage.stack.redis.pid or 0, signal.SIGKILL)


async def test_what_is_kept_can_be_looked_at_from_another_terminal(tmp_path: Path) -> None:
    """--keep leaves servers and worker there, with the settings for other commands in the run folder, until Ctrl-C."""
    config = tmp_path / "run" / "penchant.toml"
    told = {"CONFIG": config}
    async with Command(tmp_path, {}, "demo", "--run-folder", str(config.parent), "--seconds", "3", "--keep") as kept:
        await until(config.exists, within_s=120)
        found = (await command(tmp_path, told, "inspect", "--stalest", "1", "--json")).report
        (stalest,) = found["stalest"]
        done = await command(tmp_path, told, "forget", stalest["shopper"], "--json")
        assert sum(place["intents"] for place in done.report["erased"][0]["places"]) == 1, done.err
        kept.send(signal.SIGINT)
        ended = await kept.ended()
    assert ended.status == 0, ended.err
    assert "Kept running until Ctrl-C" in ended.out


async def test_in_a_terminal_the_printed_address_works_until_ctrl_c(tmp_path: Path) -> None:
    """It stands first, serves the running fleet, and goes on doing so after the summary while shoppers browse."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "penchant.cli", "demo", "--run-folder", str(tmp_path / "run"), "--seconds", "3"]
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env=environment
    )
    os.close(theirs)
    said: list[str] = []
    reading = asyncio.get_running_loop().run_in_executor(None, _read_all, ours, said)
    try:
        await until(lambda: "http://" in "".join(said), within_s=60)
        found = re.search(r"http://[0-9.:]+", "".join(said))
        assert found is not None
        async with httpx.AsyncClient(base_url=found[0], timeout=20) as client:
            assert "Penchant" in (await client.get("/")).text
            await until(lambda: "until Ctrl-C" in "".join(said), within_s=90)
            before = max((await client.get("/points")).json()["columns"][0])
            await asyncio.sleep(3)
            columns = (await client.get("/points")).json()["columns"]
            assert columns[0][-1] > before
            assert columns[2][-1] is not None
            process.send_signal(signal.SIGINT)
            async with asyncio.timeout(60):
                assert await process.wait() == 0
            with pytest.raises(httpx.ConnectError):
                await client.get("/")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
        os.close(ours)


def _read_all(terminal: int, said: list[str]) -> None:
    """What a process writes to its terminal, until it ends."""
    with contextlib.suppress(OSError):  # how a terminal says that nobody is there any more
        while part := os.read(terminal, 65_536):
            said.append(part.decode(errors="replace"))
