"""The benches of the contract suite: a client, its server's counts, and clients for which something is wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import orjson
import pytest

from clients.calls import Call, ModelClient
from clients.openai import OpenAIClient
from clients.triton import TritonClient
from penchant.embedded import triton
from penchant.embedded.servers import free_ports
from tests.clients.asking import ask
from tests.fakes.model import ScriptedModel
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_triton import ScriptedTriton
from tests.fakes.turns import Tally, Turn


@dataclass(frozen=True, slots=True)
class Bench:
    """`strange` finds another contract than it expects, `lonely` no server; `tally` counts since the test began."""

    client: ModelClient
    strange: ModelClient
    lonely: ModelClient
    tally: Callable[[], Awaitable[Tally]]

    async def close(self) -> None:
        """Close the clients."""
        for client in (self.client, self.strange, self.lonely):
            await client.close()


@pytest.fixture(params=["scripted", pytest.param("triton", marks=pytest.mark.triton), "openai"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Every ModelClient there is."""
    chosen: Bench = request.getfixturevalue(f"{request.param}_bench")
    return chosen


@pytest.fixture
async def scripted_bench() -> AsyncIterator[Bench]:
    """The fake."""
    model, strange, lonely = (ScriptedModel(_play) for _ in range(3))
    strange.mismatch, lonely.away = "expected this, found that", True

    async def tally() -> Tally:
        return model.tally

    bench = Bench(model, strange, lonely, tally)
    yield bench
    await bench.close()


@pytest.fixture
async def triton_bench(scripted_triton: ScriptedTriton) -> AsyncIterator[Bench]:
    """Triton's gRPC client on a real tritonserver, which the tests share: its counts are taken from here on."""
    address = scripted_triton.grpc_address
    asking = TritonClient(address)
    before = await _tally(asking)

    async def tally() -> Tally:
        now = await _tally(asking)
        return Tally(now.opened - before.opened, now.closed - before.closed, now.cancelled - before.cancelled)

    bench = Bench(TritonClient(address), TritonClient(address, "strange"), TritonClient(_nowhere()), tally)
    yield bench
    await bench.close()
    await asking.close()


@pytest.fixture
async def openai_bench(openai_server: OpenAIServer) -> AsyncIterator[Bench]:
    """The OpenAI client on the server of the tests."""

    async def tally() -> Tally:
        return openai_server.tally

    url = openai_server.url
    bench = Bench(OpenAIClient(url), OpenAIClient(url, "another"), OpenAIClient(f"http://{_nowhere()}"), tally)
    yield bench
    await bench.close()


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


def _play(call: Call) -> Turn:
    return Turn.read(call.prompt)


async def _tally(client: TritonClient) -> Tally:
    return Tally(**orjson.loads((await client.complete(ask("tally"))).text))


def _nowhere() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"
