"""The embedded Triton and the simulated GPU behind it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from tritonclient.grpc.aio import InferenceServerClient

from sandbox.gpu.timing import LIGHT, Timing
from sandbox.servers import triton
from sandbox.servers.triton import SHARED_MEMORY, TritonServer
from streams.errors import PlatformLacks
from tests.fakes.echo import ECHO
from tests.sandbox.servers.ensemble import INPUTS, OUTPUTS, responses

pytestmark = pytest.mark.triton

NEVER = replace(LIGHT, decode_ms_per_sequence=100_000, max_batch=1, max_waiting=1)  # two tokens are out of reach
PROMPT = "what does this shopper want? " * 20


@asynccontextmanager
async def client_of(server: TritonServer) -> AsyncIterator[InferenceServerClient]:
    async with InferenceServerClient(server.grpc_address) as client:
        yield client


@asynccontextmanager
async def own_server(folder: Path, timing: Timing, answer: str = ECHO) -> AsyncIterator[TritonServer]:
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with TritonServer(folder, timing=timing, answer=answer) as server:
        yield server


async def whole(client: InferenceServerClient, prompt: str, **values: Any) -> list[dict[str, Any]]:
    return [response async for response in responses(client, prompt, **values)]


async def active(server: TritonServer) -> int:
    """Requests on the simulated GPU, by its metrics."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(server.metrics_url)).text
    found = re.search(r'nv_trt_llm_request_metrics\{.*request_type="active".*\} (\d+)', text)
    return int(found[1]) if found else -1


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 (what is waited for is another process)
            await asyncio.sleep(0.05)


async def test_the_tensors_are_those_of_tensorrt_llm(triton_server: TritonServer) -> None:
    """Every name, type, shape and optionality, the batch dimension and the decoupled policy are the `ensemble`'s."""
    async with client_of(triton_server) as client:
        config = (await client.get_model_config("ensemble", as_json=True))["config"]

    def table(tensors: list[dict[str, Any]]) -> dict[str, tuple[str, list[int], bool]]:
        return {
            each["name"]: (
                each["data_type"].removeprefix("TYPE_"),
                [int(dim) for dim in each["dims"]],
                each.get("optional", False),
            )
            for each in tensors
        }

    assert table(config["input"]) == INPUTS
    assert table(config["output"]) == OUTPUTS
    assert config["max_batch_size"] == 64
    assert config["model_transaction_policy"] == {"decoupled": True}


async def test_an_answer_comes_whole(triton_server: TritonServer) -> None:
    """Without `stream` there is one response, the text and no figures that were not asked for."""
    async with client_of(triton_server) as client:
        (only,) = await whole(client, PROMPT)
    assert only == {"text_output": PROMPT, "sequence_index": 0, "batch_index": 0}


async def test_an_answer_streams(triton_server: TritonServer) -> None:
    """With `stream` the text comes in several pieces, in order."""
    async with client_of(triton_server) as client:
        pieces = [each["text_output"] for each in await whole(client, PROMPT, stream=True)]
    assert len(pieces) > 2
    assert "".join(pieces) == PROMPT


async def test_figures_come_when_asked_for(triton_server: TritonServer) -> None:
    """Token counts, times in their order, and blocks that a second call of the same prompt reuses."""
    wanted = {"return_perf_metrics": True, "return_num_input_tokens": True, "return_num_output_tokens": True}
    prompt = PROMPT + "with figures"
    async with client_of(triton_server) as client:
        (first,) = await whole(client, prompt, max_tokens=10, **wanted)
        (second,) = await whole(client, prompt, max_tokens=10, **wanted)
    assert set(first) == set(OUTPUTS) - {
        "cum_log_probs",
        "output_log_probs",
        "context_logits",
        "generation_logits",
    }
    assert first["num_input_tokens"] == len(prompt) / 4
    assert first["num_output_tokens"] == 10
    assert first["text_output"] == prompt[:40]
    times = [first[f"{name}_time_ns"] for name in ("arrival", "first_scheduled", "first_token", "last_token")]
    assert times == sorted(times)
    assert (second["kv_cache_reused_blocks"], second["kv_cache_alloc_total_blocks"]) == (2, 3)  # the third is not full
    assert second["kv_cache_alloc_new_blocks"] == 1


async def test_the_prompt_comes_back_only_when_not_excluded(triton_server: TritonServer) -> None:
    """`exclude_input_in_output` set to false puts the prompt before the answer."""
    async with client_of(triton_server) as client:
        (only,) = await whole(client, "ab", exclude_input_in_output=False)
    assert only["text_output"] == "abab"


async def test_many_are_answered_at_once(triton_server: TritonServer) -> None:
    """More calls than the batch holds are all answered, each with its own answer."""
    prompts = [f"shopper {number}" for number in range(200)]
    async with client_of(triton_server) as client:
        answers = await asyncio.gather(*(whole(client, prompt) for prompt in prompts))
    assert [answer[0]["text_output"] for answer in answers] == prompts


@pytest.mark.slow
async def test_a_cancelled_call_leaves_the_gpu(tmp_path: Path) -> None:
    """Cancelling the stream takes the request off the simulated GPU long before its end."""
    async with own_server(tmp_path, NEVER) as server, client_of(server) as client:
        call = asyncio.create_task(whole(client, PROMPT))
        await until(lambda: _is(active(server), 1))
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        await until(lambda: _is(active(server), 0))


@pytest.mark.slow
async def test_too_many_are_refused(tmp_path: Path) -> None:
    """Beyond batch and queue a call ends at once as UNAVAILABLE, with the words of Triton's own queue."""
    async with own_server(tmp_path, NEVER) as server, client_of(server) as client:
        accepted = [asyncio.create_task(whole(client, PROMPT)) for _ in range(2)]
        await until(lambda: _is(active(server), 2))
        with pytest.raises(grpc.aio.AioRpcError, match="Exceeds maximum queue size") as refused:
            await whole(client, PROMPT)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        for call in accepted:
            call.cancel()
        await asyncio.gather(*accepted, return_exceptions=True)


@pytest.mark.slow
async def test_an_answer_that_fails_is_an_error(tmp_path: Path) -> None:
    """The call ends as INTERNAL instead of waiting for an answer; here the model is a function that takes no text."""
    async with own_server(tmp_path, LIGHT, "operator:index") as server, client_of(server) as client:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await whole(client, PROMPT)
        assert failed.value.code() == grpc.StatusCode.INTERNAL


@pytest.mark.slow
async def test_a_killed_server_comes_back_where_it_was(tmp_path: Path) -> None:
    """After a kill calls fail; after a restart the same address answers."""
    async with own_server(tmp_path, LIGHT) as server:
        address = server.grpc_address
        await server.kill()
        async with client_of(server) as client:
            with pytest.raises(grpc.aio.AioRpcError):
                await whole(client, PROMPT)
        await server.restart()
        async with client_of(server) as client:
            assert await whole(client, PROMPT)
        assert server.grpc_address == address


@pytest.mark.slow
@pytest.mark.parametrize("end", [TritonServer.stop, TritonServer.kill])
async def test_nothing_is_left(tmp_path: Path, end: Callable[[TritonServer], Awaitable[None]]) -> None:
    """Stopped or killed with a call running, neither a process of its group nor shared memory stays."""
    async with own_server(tmp_path, NEVER) as server, client_of(server) as client:
        call = asyncio.create_task(whole(client, PROMPT))
        await until(lambda: _is(active(server), 1))
        group, regions = server.pid, set(SHARED_MEMORY.glob(f"{server.memory_prefix}*"))
        assert regions
        assert processes_of(group) > 1
        await end(server)
        await until(lambda: _is(_processes_of(group), 0))  # the killed take a moment on a busy machine
        assert not any(region.exists() for region in regions)
        await asyncio.gather(call, return_exceptions=True)


@pytest.mark.slow
async def test_a_model_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error has the log's reason and its path."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    server = TritonServer(tmp_path, answer="tests.fakes.echo:nothing")
    with pytest.raises(PlatformLacks, match="has no attribute 'nothing'") as refused:
        await server.start()
    assert str(server.log) in str(refused.value)


async def test_it_says_that_it_is_a_simulation(triton_server: TritonServer) -> None:
    """The description and the log say so."""
    assert re.fullmatch(r"tritonserver \d+\.\d+\.\d+, simulated GPU", triton_server.describe())
    assert "SIMULATED GPU" in triton_server.said()


async def _processes_of(group: int | None) -> int:
    await asyncio.sleep(0)
    return processes_of(group)


async def _is(value: Awaitable[int], expected: int) -> bool:
    return await value == expected


def processes_of(group: int | None) -> int:
    """Living processes of a process group."""
    fields = (stat.read_text().rpartition(")")[2].split() for stat in Path("/proc").glob("[0-9]*/stat"))
    return sum(int(pgrp) == group and state != "Z" for state, _, pgrp, *_ in fields)
