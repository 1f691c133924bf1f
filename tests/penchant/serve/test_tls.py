"""TLS and mTLS of the real-time tier, by real certificates."""

import asyncio
import ssl
import subprocess
from pathlib import Path
from shutil import copy

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from penchant.front.rules import HttpRules
from penchant.front.tokens import digest
from penchant.serve.service import serving
from penchant.settings.root import Settings
from streams.errors import SettingInvalid
from tests.penchant.serve.test_serve import CANDIDATES, TOKEN, FakeModel

pytestmark = pytest.mark.redis

EXTENSIONS = ("-addext", "subjectAltName=IP:127.0.0.1")


def certificate(folder: Path, name: str, *by: str) -> tuple[Path, Path]:
    """A certificate and its key; of its own, or by an authority's `-CA` and `-CAkey`."""
    made, key = folder / f"{name}.pem", folder / f"{name}.key"
    subject = ("-subj", f"/CN={name}", *EXTENSIONS) if by else ("-subj", f"/CN={name}")
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-out", made, "-keyout", key, *subject, *by)
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return made, key


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ca`, whose are `server` and `ranker`; `stranger` and `other-server` are another authority's."""
    folder = tmp_path_factory.mktemp("certificates")
    for authority, names in (("ca", ("server", "ranker")), ("other", ("stranger", "other-server"))):
        made, key = certificate(folder, authority)
        for name in names:
            certificate(folder, name, "-CA", str(made), "-CAkey", str(key))
    copy(folder / "other.pem", folder / "other-ca.pem")
    return folder


def rules(estate: Path, tokens_file: Path | None = None) -> HttpRules:
    """Certificates are asked for."""
    made, key, authority = (estate / name for name in ("server.pem", "server.key", "ca.pem"))
    return HttpRules(cert_file=made, key_file=key, client_ca_file=authority, tokens_file=tokens_file)


def client(estate: Path, name: str | None) -> httpx.AsyncClient:
    """One that trusts our authority and shows this certificate."""
    context = ssl.create_default_context(cafile=estate / "ca.pem")
    if name is not None:
        context.load_cert_chain(estate / f"{name}.pem", estate / f"{name}.key")
    return httpx.AsyncClient(verify=context, trust_env=False, timeout=30)


@pytest.mark.slow
async def test_who_shows_no_certificate_of_ours_is_not_let_in(settings: Settings, estate: Path, tmp_path: Path) -> None:
    """Nobody's and another authority's end the connection; ours is a viewer, and with tokens needs one too."""
    asked = {"shopper": "ada", "candidates": list(CANDIDATES)}
    closed = settings.model_copy(update={"http": rules(estate)})
    async with serving(closed, FakeModel()) as url:
        assert url.startswith("https://")
        async with client(estate, "ranker") as ranker:
            answer = await ranker.post(f"{url}/v1/match", json=asked)
        assert (answer.status_code, answer.json()["step"]) == (200, "features")
        for name in (None, "stranger"):
            async with client(estate, name) as somebody:
                with pytest.raises(httpx.TransportError):
                    await somebody.post(f"{url}/v1/match", json=asked)
        async with httpx.AsyncClient(trust_env=False) as plain:
            with pytest.raises(httpx.TransportError):
                await plain.get(url.replace("https", "http") + "/healthz")
    tokens = tmp_path / "tokens"
    tokens.write_text(f"ranker viewer {digest(TOKEN)}\n")
    both = settings.model_copy(update={"http": rules(estate, tokens)})
    async with serving(both, FakeModel()) as url, client(estate, "ranker") as ranker:
        bearer = {"authorization": f"Bearer {TOKEN}"}
        statuses = [
            (await ranker.post(f"{url}/v1/match", json=asked, headers=each)).status_code for each in ({}, bearer)
        ]
    assert statuses == [401, 200]


@pytest.mark.slow
async def test_certificates_are_read_again_when_they_change(settings: Settings, estate: Path, tmp_path: Path) -> None:
    """Without a restart: the server's own, and whose are let in. Until the new key is there the old pair counts."""
    for name in ("server.pem", "server.key", "ca.pem"):
        copy(estate / name, tmp_path / name)
    renewed = settings.model_copy(update={"http": rules(tmp_path)})
    async with serving(renewed, FakeModel()) as url, asyncio.timeout(60):
        first = await shown(url, estate, "ranker")
        for name in ("server.pem", "ca.pem"):
            copy(estate / f"other-{name}", tmp_path / name)
        await asyncio.sleep(1.1)  # it looks once a second
        assert await shown(url, estate, "ranker") == first
        copy(estate / "other-server.key", tmp_path / "server.key")
        while await shown(url, estate, "stranger") in {first, None}:  # noqa: ASYNC110 # the server knows
            await asyncio.sleep(0.2)
        assert await shown(url, estate, "ranker") is None


async def shown(url: str, estate: Path, name: str) -> bytes | None:
    """The certificate that a server shows to a client with one of this name; None where it does not let them in."""
    context = ssl.create_default_context(cafile=estate / "ca.pem")
    context.load_verify_locations(estate / "other.pem")
    context.load_cert_chain(estate / f"{name}.pem", estate / f"{name}.key")
    host, _, port = url.removeprefix("https://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n" % port.encode())
        answer = await reader.read(1)  # who is not let in learns so by their first read
        return writer.get_extra_info("ssl_object").getpeercert(binary_form=True) if answer else None
    except OSError:  # ssl.SSLError is one
        return None
    finally:
        writer.close()


async def test_what_is_wrong_with_certificates_is_named(settings: Settings, tmp_path: Path) -> None:
    """A file that holds none, and a part without the others."""
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    broken = settings.model_copy(update={"http": HttpRules(cert_file=empty, key_file=empty)})
    with pytest.raises(SettingInvalid, match=r"http\.cert_file"):
        async with serving(broken, FakeModel()):
            pass
    for part in ("cert_file", "key_file", "client_ca_file"):
        with pytest.raises(ValidationError, match="cert_file and key_file"):
            TypeAdapter(HttpRules).validate_python({part: empty})
