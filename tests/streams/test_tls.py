"""TLS: certificates that are renewed, and files that are none."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.servers.authority import Authority
from streams.errors import SettingInvalid
from streams.tls import Tls, TlsContext, cause

FAILED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"{FAILED} self-signed certificate", "tls.ca_file"),
        (f"{FAILED} Hostname mismatch, certificate is not valid for 'other'.", "another host"),
        (f"{FAILED} IP address mismatch, certificate is not valid for '127.0.0.1'.", "another host"),
        (f"{FAILED} certificate has expired", "expired"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "nobody speaks TLS"),
    ],
)
def test_causes(text: str, part: str) -> None:
    """Each has its own remedy."""
    assert part in str(cause(text))


def test_other_errors() -> None:
    """A connection that is refused is no matter of certificates."""
    assert cause("Connection refused") is None


async def shown_to(server_side: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """Whose certificate a client shows to a server."""
    seen = asyncio.get_running_loop().create_future()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = dict(pair for part in writer.get_extra_info("peercert")["subject"] for pair in part)
        seen.set_result(subject["commonName"])
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_side) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=client)
        name: str = await asyncio.wait_for(seen, 5)
        writer.close()
        return name


async def test_a_renewed_certificate_is_shown_to_the_next_connection(tmp_path: Path) -> None:
    """Once both of its files are there; half a change leaves the old one in use."""
    authority = Authority(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.ca)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(authority.issue("server").both)
    old, new = authority.issue("old"), authority.issue("new")
    cert, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    cert.write_text(old.cert.read_text())
    key.write_text(old.key.read_text())
    tls = TlsContext(Tls(ca_file=authority.ca, cert_file=cert, key_file=key))

    async def now_shown() -> str:
        tls.refresh()
        return await shown_to(server, tls.context)

    assert await now_shown() == "old"
    cert.write_text(new.cert.read_text())
    assert await now_shown() == "old"
    key.write_text(new.key.read_text())
    assert await now_shown() == "new"


@pytest.mark.parametrize("setting", ["ca_file", "cert_file"])
def test_a_file_that_holds_no_certificate(setting: str, tmp_path: Path) -> None:
    """The error names the setting, the file and what to write there."""
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    files: dict[str, Any] = {setting: path} | ({"key_file": path} if setting == "cert_file" else {})
    with pytest.raises(SettingInvalid, match=rf"tls\.{setting}: .*empty\.pem.*\n.*PEM"):
        TlsContext(Tls(**files))


def test_a_key_whose_password_is_missing(tmp_path: Path) -> None:
    """It is an error, and no question on the terminal."""
    ours = Authority(tmp_path).issue("ours", "s3cret")
    with pytest.raises(SettingInvalid, match="key_password"):
        TlsContext(Tls(cert_file=ours.cert, key_file=ours.key))
    assert TlsContext(Tls(cert_file=ours.cert, key_file=ours.key, key_password=SecretStr("s3cret")))
