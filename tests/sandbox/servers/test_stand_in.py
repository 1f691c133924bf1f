"""The stand-in for a missing tritonserver."""

import asyncio
import time
from dataclasses import replace

import pytest
from msgspec import structs

from clients.calls import Call
from sandbox.gpu.timing import LIGHT
from sandbox.servers.stand_in import StandIn
from streams.errors import DeadlinePassed, ModelOverloaded
from tests.fakes.echo import ECHO

NEVER = replace(LIGHT, decode_ms_per_sequence=500, max_batch=1, max_waiting=0)  # not within 70 s
PROMPT = "what does this shopper want? " * 20


def call(**changes: object) -> Call:
    far = asyncio.get_running_loop().time() + 60
    return structs.replace(Call(id="1", prompt=PROMPT, deadline_s=far, max_tokens=200), **changes)


async def test_it_answers_as_the_server_would() -> None:
    """The function's answer, with counts and times of the simulated GPU."""
    completion = await StandIn("no wheel", answer=ECHO).complete(call())
    assert completion.text == PROMPT
    assert completion.input_tokens == completion.output_tokens == len(PROMPT) / 4
    assert completion.queue_ms == 0
    assert completion.prefill_ms
    assert completion.decode_ms
    assert completion.cached_tokens == 0


async def test_a_prompt_seen_before_is_cached() -> None:
    """Its full blocks are."""
    model = StandIn("no wheel", answer=ECHO)
    await model.complete(call())
    assert (await model.complete(call())).cached_tokens == len(PROMPT) // 256 * 64


async def test_max_tokens_and_stop_words_cut_the_answer() -> None:
    """As on a server."""
    model = StandIn("no wheel", answer=ECHO)
    assert (await model.complete(call(max_tokens=2))).text == PROMPT[:8]
    assert (await model.complete(call(stop=("this",)))).text == "what does "


async def test_more_than_the_batch_wait_for_their_turn() -> None:
    """All are answered, the later ones having waited."""
    model = StandIn("no wheel", timing=replace(LIGHT, max_batch=2, max_waiting=8), answer=ECHO)
    completions = await asyncio.gather(*(model.complete(call(prompt=f"prompt {n}")) for n in range(10)))
    assert [each.text for each in completions] == [f"prompt {n}" for n in range(10)]
    assert completions[0].queue_ms == 0
    assert completions[-1].queue_ms


async def test_no_answer_comes_after_the_deadline() -> None:
    """DeadlinePassed, and the place on the simulated GPU is free again."""
    model = StandIn("no wheel", timing=NEVER, answer=ECHO)
    soon = asyncio.get_running_loop().time() + 0.05
    with pytest.raises(DeadlinePassed):
        await model.complete(call(deadline_s=soon))
    with pytest.raises(DeadlinePassed):
        await model.complete(call(deadline_s=soon))


async def test_a_cancelled_call_frees_its_place() -> None:
    """While it runs another is refused; once it is cancelled another is taken."""
    model = StandIn("no wheel", timing=NEVER, answer=ECHO)
    running = asyncio.create_task(model.complete(call()))
    await asyncio.sleep(0)
    with pytest.raises(ModelOverloaded, match="Exceeds maximum queue size"):
        await model.complete(call())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await model.complete(call(max_tokens=1))).text == PROMPT[:4]


async def test_it_says_what_it_is() -> None:
    """A stand-in, why, and that the GPU is simulated."""
    model = StandIn("no tritonserver: no wheel", answer=ECHO)
    assert await model.probe() == "in-process stand-in (no tritonserver: no wheel), simulated GPU"
    await model.close()


async def test_a_busy_loop_loses_no_answer() -> None:
    """A call that ends moves the simulated GPU on, past the ends of others: they are answered too."""
    model = StandIn("no wheel", answer=ECHO)

    async def busy() -> None:
        while True:
            time.sleep(0.012)  # noqa: ASYNC251 # the loop itself is to be late
            await asyncio.sleep(0)

    blocking = asyncio.create_task(busy())
    for length in range(1, 40):
        prompts = "wanted " * length, "wanted " * (length + 5)
        answers = await asyncio.gather(*(model.complete(call(prompt=prompt)) for prompt in prompts))
        assert tuple(answer.text for answer in answers) == prompts
    blocking.cancel()
