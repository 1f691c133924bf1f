"""What every ModelClient does, on the fake and on real servers."""

import asyncio

import pytest

from clients.calls import Completion
from streams.errors import ContractMismatch, DeadlinePassed, ModelOverloaded, ModelUnavailable
from tests.clients.asking import ask, eventually
from tests.clients.conftest import Bench
from tests.fakes.scripted_calls import ServerCallCounts, Turn

LONG_S = 60.0


def ended(tally: ServerCallCounts) -> bool:
    """Whether the server holds no call any more."""
    return tally.opened == tally.closed


async def test_answers(bench: Bench) -> None:
    """An answer that comes in pieces is put together, and says where it is from."""
    completion = await bench.client.complete(ask(Turn(("{", '"é":', "1}"))))
    assert completion.text == '{"é":1}'
    assert completion.model
    assert completion.endpoint


async def test_answers_the_right_call(bench: Bench) -> None:
    """Calls that run at once get each its own answer, whichever ends first."""
    turns = [
        Turn((f"answer {n}",), delay_s=0.01 * (n % 5)) for n in range(24)
    ]  # as many as connect in time on a busy machine
    completions = await asyncio.gather(*(bench.client.complete(ask(turn)) for turn in turns))
    assert [c.text for c in completions] == [turn.chunks[0] for turn in turns]


async def test_deadline(bench: Bench) -> None:
    """A call that takes too long ends at its deadline, on the server too."""
    for within_s in (0.3, 5.0):  # the longer one where a busy machine brings nothing to the server within the first
        with pytest.raises(DeadlinePassed):
            await bench.client.complete(ask(Turn(delay_s=LONG_S), within_s=within_s))
        if (counts := await eventually(bench.tally, ended)).opened:
            break
    assert counts == ServerCallCounts(opened=1, closed=1, cancelled=1)


async def test_deadline_already_passed(bench: Bench) -> None:
    """A call whose deadline has passed never reaches the server."""
    with pytest.raises(DeadlinePassed):
        await bench.client.complete(ask(Turn(), within_s=-0.001))
    assert (await bench.tally()).opened == 0


async def test_cancelling(bench: Bench) -> None:
    """Cancelling the caller cancels the call on the server."""
    task = asyncio.create_task(bench.client.complete(ask(Turn(delay_s=LONG_S))))
    await eventually(bench.tally, lambda tally: tally.opened == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await eventually(bench.tally, ended)) == ServerCallCounts(opened=1, closed=1, cancelled=1)


async def test_nothing_leaks(bench: Bench) -> None:
    """Of many calls, a fifth of them abandoned, the server holds none in the end, and the rest are answered."""
    turns = [Turn((f"{n}",), delay_s=LONG_S if n % 5 == 0 else 0.1) for n in range(200)]
    tasks: list[asyncio.Task[Completion]] = []
    for first in range(0, 200, 20):  # as many as connect in time on a busy machine
        tasks.extend(asyncio.create_task(bench.client.complete(ask(turn))) for turn in turns[first : first + 20])
        await eventually(bench.tally, lambda tally: tally.opened == len(tasks))
    for task in tasks[::5]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [o.text for o in outcomes if not isinstance(o, BaseException)] == [f"{n}" for n in range(200) if n % 5]
    assert {type(outcome) for outcome in outcomes[::5]} == {asyncio.CancelledError}
    assert (await eventually(bench.tally, ended)) == ServerCallCounts(opened=200, closed=200, cancelled=40)


async def test_overload(bench: Bench) -> None:
    """A server that wants less is told apart from one that fails."""
    with pytest.raises(ModelOverloaded):
        await bench.client.complete(ask(Turn(fault="overload")))


async def test_failure(bench: Bench) -> None:
    """A server that fails is unavailable, not overloaded, and the next call is a new one."""
    with pytest.raises(ModelUnavailable) as failure:
        await bench.client.complete(ask(Turn(fault="failure")))
    assert not isinstance(failure.value, ModelOverloaded)
    assert (await bench.client.complete(ask(Turn(("well",))))).text == "well"


async def test_no_server(bench: Bench) -> None:
    """Where no server listens, calls and probes say that it is unavailable."""
    with pytest.raises(ModelUnavailable):
        await bench.lonely.complete(ask(Turn()))
    with pytest.raises(ModelUnavailable):
        await bench.lonely.probe()


async def test_probe(bench: Bench) -> None:
    """A probe names in one line what it found."""
    line = await bench.client.probe()
    assert line
    assert "\n" not in line


async def test_probe_finds_a_mismatch(bench: Bench) -> None:
    """A server that offers something else stops the start: with what was expected, what was found, what to do."""
    with pytest.raises(ContractMismatch, match=r"(?s)expected .+found .+remedy: ."):
        await bench.strange.probe()


async def test_close_ends_calls(bench: Bench) -> None:
    """Closing ends a running call as unavailable, here and on the server: nobody had cancelled its caller."""
    task = asyncio.create_task(bench.client.complete(ask(Turn(delay_s=LONG_S))))
    await eventually(bench.tally, lambda tally: tally.opened == 1)
    await bench.client.close()
    with pytest.raises(ModelUnavailable):
        await task
    await eventually(bench.tally, ended)


async def test_closed(bench: Bench) -> None:
    """A closed client is unavailable, used or not, and closing it again is harmless."""
    await bench.client.close()
    with pytest.raises(ModelUnavailable):
        await bench.client.complete(ask(Turn()))
    with pytest.raises(ModelUnavailable):
        await bench.client.probe()
    await bench.client.close()
