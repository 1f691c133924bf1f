"""The benches of the contract suite: a client, its server's counts, and clients for which something is wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import orjson
import pytest

from clients.calls import Call, ModelClient
from clients.dialects.discovery import connect
from clients.dialects.generate import GenerateClient
from clients.dialects.openai import OpenAIClient
from clients.dialects.servers import Api, ServerName
from clients.dialects.triton import TritonClient
from sandbox.servers import triton
from sandbox.servers.server import free_ports
from tests.clients.asking import ask
from tests.fakes.model import ScriptedModel
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_calls import ServerCallCounts, Turn
from tests.fakes.scripted_triton import ScriptedTriton

TRITON = ("triton", "triton-llmapi", "triton-http", "auto-triton", "auto-triton-http")
OPENAI: dict[str, tuple[ServerName, Api]] = {
    "openai": ("other", "chat"),
    "openai-completions": ("other", "completions"),
    "trtllm-serve": ("trtllm-serve", "chat"),
    "vllm": ("vllm", "completions"),
    "sglang": ("sglang", "chat"),
    "sglang-completions": ("sglang", "completions"),
    "dynamo": ("dynamo", "chat"),
    "triton-openai": ("triton-openai", "completions"),
    "auto-openai": ("other", "chat"),
}


@dataclass(frozen=True, slots=True)
class Bench:
    """`strange` finds another contract than it expects, `lonely` no server; `tally` counts since the test began."""

    client: ModelClient
    strange: ModelClient
    lonely: ModelClient
    tally: Callable[[], Awaitable[ServerCallCounts]]

    async def close(self) -> None:
        """Close the clients."""
        for client in (self.client, self.strange, self.lonely):
            await client.close()


@pytest.fixture(params=["scripted", *(pytest.param(name, marks=pytest.mark.triton) for name in TRITON), *OPENAI])
def dialect(request: pytest.FixtureRequest) -> str:
    """Every ModelClient there is, on everything that it talks to."""
    return str(request.param)


@pytest.fixture
def bench(dialect: str, request: pytest.FixtureRequest) -> Bench:
    """The bench for a dialect."""
    family = "triton" if dialect in TRITON else "openai" if dialect in OPENAI else "scripted"
    chosen: Bench = request.getfixturevalue(f"{family}_bench")
    return chosen


@pytest.fixture
async def scripted_bench() -> AsyncIterator[Bench]:
    """The fake."""
    model, strange, lonely = (ScriptedModel(_play) for _ in range(3))
    strange.mismatch, lonely.away = "expected this, found that", True

    async def tally() -> ServerCallCounts:
        return model.tally

    bench = Bench(model, strange, lonely, tally)
    yield bench
    await bench.close()


@pytest.fixture
async def triton_bench(dialect: str, scripted_triton: ScriptedTriton) -> AsyncIterator[Bench]:
    """Clients of a real tritonserver, which the tests share: its counts are taken from here on."""
    model = "tensorrt_llm" if dialect.endswith("llmapi") else "ensemble"
    asking = TritonClient(scripted_triton.grpc_address, model)
    before = await _tally(asking)

    async def tally() -> ServerCallCounts:
        now = await _tally(asking)
        return ServerCallCounts(
            now.opened - before.opened, now.closed - before.closed, now.cancelled - before.cancelled
        )

    make, address, nowhere = _triton(dialect, scripted_triton)
    bench = Bench(make(address, model), make(address, "strange"), make(nowhere, model), tally)
    yield bench
    await bench.close()
    await asking.close()


@pytest.fixture
async def openai_bench(dialect: str) -> AsyncIterator[Bench]:
    """Clients of the server of the tests, which plays one of the real ones."""
    kind, api = OPENAI[dialect]
    server = OpenAIServer(kind=kind)
    await server.start()

    async def tally() -> ServerCallCounts:
        return server.tally

    def make(url: str, model: str | None = None) -> ModelClient:
        return connect(url, model=model) if dialect.startswith("auto") else OpenAIClient(url, model, api=api)

    bench = Bench(make(server.url), make(server.url, "another"), make(f"http://{_nowhere()}"), tally)
    yield bench
    await bench.close()
    await server.stop()


@pytest.fixture(scope="session")
async def scripted_triton(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ScriptedTriton]:
    """One tritonserver with the models of the tests, for all that do not stop it."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    async with ScriptedTriton(tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture
async def openai_server() -> AsyncIterator[OpenAIServer]:
    """An OpenAI-compatible server with quirks."""
    server = OpenAIServer()
    await server.start()
    yield server
    await server.stop()


def _triton(dialect: str, server: ScriptedTriton) -> tuple[Callable[[str, str], ModelClient], str, str]:
    """How to make a client, of which address, and of one where nobody is."""
    make: Callable[[str, str], ModelClient]
    if "http" not in dialect:
        make = connect_to if dialect.startswith("auto") else TritonClient
        return make, server.grpc_address, _nowhere()
    make = connect_to if dialect.startswith("auto") else GenerateClient
    return make, server.http_url, f"http://{_nowhere()}"


def connect_to(url: str, model: str) -> ModelClient:
    """Without a dialect."""
    return connect(url, model=model)


def _play(call: Call) -> Turn:
    return Turn.read(call.prompt)


async def _tally(client: TritonClient) -> ServerCallCounts:
    return ServerCallCounts(**orjson.loads((await client.complete(ask("tally"))).text))


def _nowhere() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"
