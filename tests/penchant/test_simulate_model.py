"""penchant simulate model, as people run it."""

import asyncio
import signal
import socket
from pathlib import Path

import httpx
import pytest

from clients.dialects.discovery import connect
from sandbox.servers.server import free_ports
from tests.clients.asking import ask
from tests.penchant.commands import Command, run

PAUSE_S = 0.05


async def listening(port: int) -> None:
    """Wait until somebody listens there."""
    async with asyncio.timeout(60):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            await asyncio.sleep(PAUSE_S)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    """On the port and by the name that were given; it says that it is simulated, and ends well."""
    (port,) = free_ports(1)
    options = ("--port", str(port), "--name", "mine", "--timing", "qwen3-8b@h100")
    async with Command(tmp_path, {}, "simulate", "model", *options) as command:
        await listening(port)
        client = connect(f"http://127.0.0.1:{port}/v1")
        assert (await client.probe()).endswith("model mine")
        assert (await client.complete(ask("what does this shopper want?"))).output_tokens
        await client.close()
        command.send(number)
        ended = await command.ended()
    assert ended.status == 0, ended.err
    assert "simulated GPU, timing qwen3-8b@h100" in ended.out
    assert f"http://127.0.0.1:{port}/v1" in ended.out


async def test_single_parameters_come_from_the_environment(tmp_path: Path) -> None:
    """E.g. a queue without room."""
    (port,) = free_ports(1)
    variables = {"SIMULATED_MAX_WAITING": 0, "SIMULATED_MAX_BATCH": 1}
    body = {"prompt": "x", "n": 2}
    async with Command(tmp_path, variables, "simulate", "model", "--port", str(port)):
        await listening(port)
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"http://127.0.0.1:{port}/v1/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, "Exceeds maximum queue size")


async def test_a_taken_port_is_said(tmp_path: Path) -> None:
    """With the exit status of what this machine lacks."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = await run(tmp_path, {}, "simulate", "model", "--port", str(taken.getsockname()[1]))
    assert ended.status == 2
    assert "address already in use" in ended.err


async def test_an_unknown_timing_is_refused(tmp_path: Path) -> None:
    """With those that there are."""
    ended = await run(tmp_path, {}, "simulate", "model", "--timing", "abacus")
    assert ended.status == 2
    assert "qwen3-8b@l40s" in ended.err


@pytest.mark.slow
@pytest.mark.triton
async def test_triton(needs_triton: None, tmp_path: Path) -> None:
    """The same behind a real tritonserver, with gRPC and metrics on the next two ports; the container's command."""
    first, grpc, metrics = free_ports(3)
    options = ("--api", "triton", "--host", "0.0.0.0", "--port", str(first))  # noqa: S104 (as in the container)
    async with Command(tmp_path, {}, "simulate", "model", *options) as command:
        await listening(metrics)
        client = connect(f"127.0.0.1:{grpc}")
        assert "model ensemble" in await client.probe()
        await client.close()
        command.send(signal.SIGTERM)
        ended = await command.ended()
    assert ended.status == 0, ended.err
    assert "simulated GPU" in ended.out
