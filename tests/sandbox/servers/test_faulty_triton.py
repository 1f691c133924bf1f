"""Faults on demand, behind a real tritonserver that runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import grpc
import httpx
import pytest
from tritonclient.grpc.aio import InferenceServerClient

from sandbox.gpu.faults import OTHER_SCHEMA, Faults
from sandbox.servers import triton
from sandbox.servers.triton import TritonServer
from tests.fakes.echo import ECHO
from tests.sandbox.servers.ensemble import responses

pytestmark = [pytest.mark.slow, pytest.mark.triton]

PROMPT = '{"what": "does this shopper want?"}' * 4
GIVEN_UP = "given up"


@pytest.fixture(scope="module")
async def running(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TritonServer]:
    """One that answers with the prompt."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with TritonServer(tmp_path_factory.mktemp("faulty"), answer=ECHO) as server:
        yield server


@pytest.fixture
async def server(running: TritonServer) -> AsyncIterator[TritonServer]:
    """The same, well again after each test that puts faults in force."""
    yield running
    async with InferenceServerClient(running.grpc_address) as client:
        await _until(running, client, Faults(), lambda text: text == PROMPT)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("invalid_json", PROMPT[: len(PROMPT) // 2]),
        ("whitespace", "{" + "\t " * 20),
        ("wrong_schema", OTHER_SCHEMA),
        ("empty", ""),
    ],
)
async def test_triton_answers_with_a_fault(server: TritonServer, fault: str, expected: str) -> None:
    """While it runs, from one moment to the next, and well again afterwards."""
    async with InferenceServerClient(server.grpc_address) as client:
        await _until(server, client, Faults(**{fault: 1}), lambda text: text.startswith(expected) and text != PROMPT)


async def test_triton_refuses(server: TritonServer) -> None:
    """As a full queue does: UNAVAILABLE, in its words."""
    async with InferenceServerClient(server.grpc_address) as client:
        refusal = "UNAVAILABLE: Exceeds maximum queue size"
        assert await _until(server, client, Faults(overload=1), lambda text: text == refusal) == refusal


async def test_triton_hangs(server: TritonServer) -> None:
    """A call gets no answer; once it is given up, nothing is left of it."""
    async with InferenceServerClient(server.grpc_address) as client:
        assert await _until(server, client, Faults(hang=1), lambda text: text == GIVEN_UP) == GIVEN_UP
        await _eventually(lambda: _active(server))


async def test_triton_is_slow(server: TritonServer) -> None:
    """Its own times say so."""
    async with InferenceServerClient(server.grpc_address) as client:

        async def is_slow() -> bool:
            last = [each async for each in responses(client, PROMPT, return_perf_metrics=True)][-1]
            return bool(last["last_token_time_ns"] - last["arrival_time_ns"] > 20 * 30 * 1.2e6)

        server.play(Faults(slow=1, factor=20))
        await _eventually(is_slow)
        assert await is_slow()


async def test_triton_crashes(tmp_path: Path) -> None:
    """The process dies, the call fails, and what watches over it starts it again."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with TritonServer(tmp_path, answer=ECHO) as server:
        async with InferenceServerClient(server.grpc_address) as client:
            await _until(server, client, Faults(crash=1), lambda text: text.startswith("UNAVAILABLE"))

        async def crashed() -> bool:
            await asyncio.sleep(0)
            return server.crashed

        await _eventually(crashed)
        server.play(Faults())
        await server.start()
        async with InferenceServerClient(server.grpc_address) as client:
            assert await _until(server, client, Faults(), lambda text: text == PROMPT) == PROMPT


async def test_triton_reports_the_figures_of_tensorrt_llm(server: TritonServer) -> None:
    """Families and labels are those of its custom metrics; the cache's blocks add up."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(server.metrics_url)).text
    block = 'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="'
    found = {line.split('"')[1]: float(line.split()[-1]) for line in text.splitlines() if line.startswith(block)}
    assert set(found) == {"max", "free", "used", "tokens_per", "reused", "fraction"}
    assert found["free"] + found["used"] == found["max"] == 8_192
    assert 'inflight_batcher_specific_metric="generation_requests"' in text


async def _until(
    server: TritonServer, client: InferenceServerClient, faults: Faults, holds: Callable[[str], bool]
) -> str:
    """Put faults in force, and call until an answer shows them; returns that answer."""
    server.play(faults)
    answers = [""]

    async def shows() -> bool:
        answers.append(await _text(client))
        return holds(answers[-1])

    await _eventually(shows)
    return answers[-1]


async def _text(client: InferenceServerClient) -> str:
    try:
        async with asyncio.timeout(5):
            return "".join([each["text_output"] async for each in responses(client, PROMPT)])
    except TimeoutError:
        return GIVEN_UP
    except grpc.aio.AioRpcError as error:
        return f"{error.code().name}: {error.details()}"


async def _eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 (what is waited for is another process)
            await asyncio.sleep(0.05)


async def _active(server: TritonServer) -> bool:
    """Whether nothing is on the simulated GPU."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(server.metrics_url)).text
    return 'request_type="active",version="1"} 0' in text
