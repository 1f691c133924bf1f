"""Every way to a guarded model server: certificates and keys, by gRPC and by HTTP; what doctor says of refusals."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clients.pools.endpoints import Endpoint
from penchant.operations.doctor import models as doctor
from penchant.operations.doctor.findings import INFO
from penchant.settings.root import Settings
from penchant.worker.model_side import model_client
from sandbox.servers.authority import Authority
from sandbox.servers.secured_triton import GRPC_HEADER, KEY, SecuredTriton
from streams.errors import ModelUnavailable
from tests.clients.asking import ask
from tests.clients.tls_door import tls_door
from tests.fakes.echo import ECHO
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.scripted_calls import Turn

pytestmark = [pytest.mark.slow, pytest.mark.triton]


@dataclass(frozen=True)
class Estate:
    """A guarded Triton, a TLS proxy before its HTTP and one before an OpenAI-compatible server."""

    triton: SecuredTriton
    https: str
    openai: str
    authority: Authority
    certificates: Mapping[str, str]


@pytest.fixture(scope="module")
async def estate(
    anyio_backend: str, needs_triton: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Estate]:
    """All of them, for the tests of this file."""
    folder = tmp_path_factory.mktemp("estate")
    authority = Authority(folder / "authority")
    ours = authority.issue("worker")
    certificates = {"ca_file": str(authority.ca), "cert_file": str(ours.cert), "key_file": str(ours.key)}
    openai = OpenAIServer(key=KEY)
    await openai.start()
    try:
        async with (
            SecuredTriton(folder / "triton", authority, answer=ECHO) as triton,
            tls_door(authority, triton.http_url) as https,
            tls_door(authority, openai.url.removesuffix("/v1")) as door,
        ):
            yield Estate(triton, https, f"{door}/v1", authority, certificates)
    finally:
        await openai.stop()


def grpc(estate: Estate) -> dict[str, Any]:
    return {"url": estate.triton.grpc_url, "api_key": KEY, "api_key_header": GRPC_HEADER, "tls": estate.certificates}


def http(estate: Estate) -> dict[str, Any]:
    return {"url": estate.https, "dialect": "triton-http", "api_key": KEY, "tls": estate.certificates}


def openai(estate: Estate) -> dict[str, Any]:
    return {"url": estate.openai, "dialect": "openai", "api_key": KEY, "tls": estate.certificates}


WAYS: Mapping[str, Callable[[Estate], dict[str, Any]]] = {"gRPC": grpc, "HTTP": http, "OpenAI": openai}


@pytest.mark.parametrize("way", WAYS)
async def test_a_certificate_and_a_key_let_us_in(way: str, estate: Estate) -> None:
    """A call is answered, and doctor finds the server."""
    given = WAYS[way](estate)
    client = model_client(Endpoint(**given), "penchant")
    try:
        prompt = Turn(("in",)) if way == "OpenAI" else "say this"
        assert (await client.complete(ask(prompt))).text
    finally:
        await client.close()
    [found] = await doctor.examine(Settings.model_validate({"model": given}))
    assert found.severity == INFO or "without" in found.found


FAULTS: Mapping[str, tuple[Callable[[Estate], dict[str, Any]], str]] = {
    "gRPC, no CA": (lambda estate: grpc(estate) | {"tls": {}}, "tls.ca_file"),
    "gRPC, no certificate": (
        lambda e: grpc(e) | {"tls": {"ca_file": e.certificates["ca_file"]}},
        "tls.cert_file",
    ),
    "gRPC, wrong key": (lambda estate: grpc(estate) | {"api_key": "wrong"}, "model.api_key"),
    "gRPC without TLS": (lambda estate: grpc(estate) | {"url": estate.triton.grpc_address}, "asks for TLS"),
    "HTTP, no CA": (lambda estate: http(estate) | {"tls": {}}, "tls.ca_file"),
    "HTTP, no certificate": (lambda e: http(e) | {"tls": {"ca_file": e.certificates["ca_file"]}}, "tls.cert_file"),
    "OpenAI, wrong key": (lambda estate: openai(estate) | {"api_key": "wrong"}, "model.api_key"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_doctor_names_the_cause(fault: str, estate: Estate) -> None:
    """Each fault of a connection, with the setting to correct."""
    make, part = FAULTS[fault]
    [found] = await doctor.examine(Settings.model_validate({"model": make(estate)}))
    assert found.severity > INFO
    assert part in f"{found.found} {found.remedy}"


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_that_changes_is_read_again(way: str, estate: Estate, tmp_path: Path) -> None:
    """The next call is made with what stands in the file then."""
    path = tmp_path / "key"
    await asyncio.to_thread(path.write_text, "old")
    given = WAYS[way](estate) | {"api_key": None, "api_key_file": path}
    client = model_client(Endpoint(**given), "penchant")
    prompt = Turn(("in",)) if way == "OpenAI" else "say this"
    try:
        with pytest.raises(ModelUnavailable):
            await client.complete(ask(prompt))
        await asyncio.to_thread(path.write_text, KEY)
        assert (await client.complete(ask(prompt))).text
    finally:
        await client.close()


@pytest.mark.parametrize("way", ["gRPC", "HTTP"])
async def test_a_renewed_certificate_is_shown(way: str, estate: Estate, tmp_path: Path) -> None:
    """The next connection shows what stands in the files then."""
    strange, ours = Authority(tmp_path / "strange").issue("x"), estate.authority.issue("renewed")
    cert, key = tmp_path / "tls.crt", tmp_path / "tls.key"

    def write(one: Any) -> None:
        cert.write_text(one.cert.read_text())
        key.write_text(one.key.read_text())

    await asyncio.to_thread(write, strange)
    files = {"ca_file": estate.certificates["ca_file"], "cert_file": cert, "key_file": key}
    client = model_client(Endpoint(**WAYS[way](estate) | {"tls": files}), "penchant")
    try:
        with pytest.raises(ModelUnavailable):
            await client.complete(ask("say this"))
        await asyncio.to_thread(write, ours)
        assert (await client.complete(ask("say this"))).text
    finally:
        await client.close()
