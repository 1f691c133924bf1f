"""The whole embedded stack."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from clients.calls import Call
from sandbox.servers import triton
from sandbox.servers.stack import Stack
from streams.errors import BrokerUnavailable, PlatformLacks
from tests.fakes.echo import ECHO


@pytest.mark.slow
async def test_everything_starts_and_says_what_it_is(tmp_path: Path) -> None:
    """Three servers run within the context and none after it; each is named for what it is."""
    async with Stack(tmp_path, topics={"events": 2}, answer=ECHO) as stack:
        assert stack.kafka.pid
        assert stack.redis.pid
        assert set(stack.components) == {"kafka", "redis", "triton"}
        assert "mock cluster" in stack.components["kafka"]
        assert "redis-server" in stack.components["redis"]
        assert "simulated GPU" in stack.components["triton"]
        assert (stack.triton is None) is bool(triton.missing())
    assert not stack.kafka.pid
    assert not stack.redis.pid
    assert not (stack.triton and stack.triton.pid)


async def test_a_model_of_ones_own_needs_no_triton(tmp_path: Path) -> None:
    """With `model=False` there is neither a server nor a stand-in."""
    async with Stack(tmp_path, model=False) as stack:
        assert stack.triton is None
        assert stack.stand_in is None
        assert set(stack.components) == {"kafka", "redis"}


async def test_a_stand_in_answers_where_triton_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says why, with a note for people; here the answers' module is one that only this process can import."""
    (tmp_path / "only_here.py").write_text("def answer(prompt):\n    return 'from here'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    async with Stack(tmp_path / "run", answer="only_here:answer") as stack:
        assert stack.triton is None
        assert stack.stand_in
        deadline_s = asyncio.get_running_loop().time() + 30
        completion = await stack.stand_in.complete(Call("1", "?", deadline_s, max_tokens=10))
        assert completion.text == "from here"
        assert stack.components["triton"].startswith("in-process stand-in (")
        assert len(stack.notes) == 1


async def test_one_that_fails_stops_the_others(tmp_path: Path) -> None:
    """The error is the failed one's own, and nothing is left running."""
    (tmp_path / "redis.log").mkdir()
    stack = Stack(tmp_path, answer=ECHO)
    with pytest.raises(PlatformLacks, match="redis cannot be started"):
        await stack.__aenter__()
    assert not stack.kafka.pid
    assert not stack.redis.pid
    assert not (stack.triton and stack.triton.pid)


async def test_a_killed_server_is_brought_back(tmp_path: Path) -> None:
    """`watch` says that Redis ended and starts it again on its port."""
    said: list[str] = []
    async with Stack(tmp_path, model=False) as stack, asyncio.timeout(30):
        watch = asyncio.create_task(stack.watch(said.append))
        pid = stack.redis.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        while stack.redis.pid in {None, pid} or not await stack.redis.healthy():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        watch.cancel()
    assert len(said) == 1
    assert said[0].startswith("redis-server ")


async def test_a_lost_kafka_ends_the_watch(tmp_path: Path) -> None:
    """Its data are gone: that is no thing to mend in silence."""
    async with Stack(tmp_path, model=False) as stack, asyncio.timeout(30):
        assert stack.kafka.pid
        os.kill(stack.kafka.pid, signal.SIGKILL)
        with pytest.raises(BrokerUnavailable, match="lost its data"):
            await stack.watch(lambda _: None)
