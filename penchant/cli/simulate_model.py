"""penchant simulate model: a model server before a simulated GPU, for clients, routers and load generators."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from penchant.process.signals import stop_signals
from sandbox.gpu.timing import TIMINGS
from sandbox.servers.openai import OpenAIServer
from sandbox.servers.openai_front import MODEL
from sandbox.servers.server import LOOPBACK, Server
from sandbox.servers.triton import TritonServer
from streams.errors import ModelUnavailable

WATCH_S = 0.5
HIGHEST_PORT = 65_535 - 2  # Triton takes the two after it as well


class SimulatedApi(StrEnum):
    """What it speaks."""

    OPENAI = "openai"
    TRITON = "triton"


def model(
    *,
    api: Annotated[
        SimulatedApi, typer.Option(help="openai: chat and text completions. triton: TensorRT-LLM's ensemble.")
    ] = SimulatedApi.OPENAI,
    timing: Annotated[
        str, typer.Option(metavar="MODEL@GPU", help=f"Whose times and memory it has: {', '.join(TIMINGS)}.")
    ] = "light",
    name: Annotated[str, typer.Option(help="The model's name, by --api openai.")] = MODEL,
    host: Annotated[str, typer.Option(help="Where it listens; 0.0.0.0 for every address.")] = LOOPBACK,
    port: Annotated[
        int, typer.Option(min=1, max=HIGHEST_PORT, help="Its HTTP port. Triton has gRPC and metrics on the next two.")
    ] = 8000,
) -> None:
    """Serve a model before a simulated GPU, until Ctrl-C, so that a stack can be tested without a GPU.

    Batching, queue, KV cache and their times are those of a GPU by arithmetic; the answers are made by rules.
    PENCHANT_SIMULATED_<NAME> in the environment sets single parameters, MAX_WAITING for one.

    Examples: penchant simulate model --timing qwen3-8b@h100

    penchant simulate model --api triton --port 9000
    """
    if timing not in TIMINGS:
        raise typer.BadParameter(f"{timing!r} is none of {', '.join(TIMINGS)}", param_hint="--timing")
    asyncio.run(_serve(api, timing, name, host, port))


async def _serve(api: SimulatedApi, timing: str, name: str, host: str, port: int) -> None:
    """Until Ctrl-C or SIGTERM; ModelUnavailable when it ends by itself."""
    chosen = TIMINGS[timing].under(os.environ)
    with stop_signals() as asked, tempfile.TemporaryDirectory(prefix="penchant-") as folder:
        server: Server
        if api is SimulatedApi.TRITON:
            server = TritonServer(Path(folder), timing=chosen, host=host)
            server.ports = (port, port + 1, port + 2)
        else:
            server = OpenAIServer(Path(folder), timing=chosen, host=host, model=name)
            server.ports = (port,)
        async with server:
            typer.echo(f"{server.describe()}, timing {timing}")
            for what, where in _places(server, host).items():
                typer.echo(f"  {what:8} {where}")
            while not asked.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(asked.wait(), WATCH_S)
                if server.crashed:
                    raise ModelUnavailable(f"{server.describe()} ended by itself:\n{server.complaint()}")


def _places(server: Server, host: str) -> Mapping[str, str]:
    """What it serves where, by its words for people."""
    if isinstance(server, TritonServer):
        http, grpc, metrics = server.ports
        return {
            "gRPC": f"{host}:{grpc}",
            "HTTP": f"http://{host}:{http}",
            "metrics": f"http://{host}:{metrics}/metrics",
        }
    (http,) = server.ports
    return {"API": f"http://{host}:{http}/v1", "metrics": f"http://{host}:{http}/metrics"}
