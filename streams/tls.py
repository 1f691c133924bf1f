"""TLS: what a connection trusts and shows, and what is wrong with one that fails."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationInfo, field_validator

from streams.errors import SettingInvalid
from streams.secret import FileMarks, Secret, by_one_way
from streams.section import File, section

REMEDY = "write a certificate with its chain and its private key as PEM, and the key's password as key_password"

CAUSES = (
    ("mismatch, certificate is not valid", "its certificate is for another host: take the address that it names"),
    ("certificate has expired", "its certificate has expired: renew it on the server"),
    ("certificate_verify_failed", "its certificate is not trusted: set tls.ca_file to its CA's file"),
    ("certificate_required", "it asks for our certificate: set tls.cert_file and tls.key_file"),
    ("bad_certificate", "it does not accept our certificate: set tls.cert_file to one that its CA signed"),
    ("alert_unknown_ca", "it does not trust the CA of our certificate: set tls.cert_file to one that its CA signed"),
    ("unknown ca", "it does not trust the CA of our certificate: set tls.cert_file to one that its CA signed"),
    ("wrong_version_number", "nobody speaks TLS there: write the address without it, or take the port that does"),
    ("record_layer_failure", "nobody speaks TLS there: write the address without it, or take the port that does"),
)
"""What OpenSSL says, in lower case, and what it means; the first that fits."""


ENDED = (
    "reset by peer", "connectionreset", "closed by server", "server closed", "socket closed", "disconnected"
)  # fmt: skip
"""What clients say of a connection that was ended without a word, in lower case."""


@section
class Tls:
    """Certificates of an encrypted connection, all of them PEM files."""

    ca_file: File | None = None
    """The authority that signed the server's certificate; without it those that the system trusts."""
    cert_file: File | None = None
    """Our certificate with its chain, where the server asks for one. It is read again when it has changed."""
    key_file: File | None = None
    """The private key of our certificate."""
    key_password: SecretStr | None = None
    """The password of that key, where it has one."""
    key_password_file: File | None = None
    """A file that holds this password."""

    _one_way = field_validator("key_password_file")(by_one_way)

    @field_validator("key_file")
    @classmethod
    def belongs_to_a_certificate(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        """One without the other would only fail at the server."""
        if (path is None) != (info.data.get("cert_file") is None):
            raise ValueError("cert_file and key_file belong together: set both or none")
        return path

    def password(self) -> str | None:
        """The password of the private key; None where it has none."""
        return Secret("key_password", self.key_password, self.key_password_file).text()


class TlsContext:
    """An SSL context for one client. `refresh`, called before a connection may be made, follows renewed certificates.

    Made by `public` where no authority is set. SettingInvalid names what cannot be read.
    """

    def __init__(self, tls: Tls, public: Callable[[], ssl.SSLContext] = ssl.create_default_context) -> None:
        self._tls = tls
        self._marks = FileMarks(tls.ca_file, tls.cert_file, tls.key_file)
        self.context = public() if tls.ca_file is None else ssl.create_default_context(cafile=_readable(tls.ca_file))
        try:
            _show(tls, self.context)
        except (OSError, ssl.SSLError) as exc:
            raise SettingInvalid(f"tls.cert_file: {tls.cert_file} and its key: {exc}", REMEDY) from exc
        self._marks.seen()

    def refresh(self) -> None:
        """Show a renewed certificate from the next connection on. One that is half written is left for later."""
        if not self._marks.changed():
            return
        try:
            _show(self._tls, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # a pair that does not fit would spoil ours
            _show(self._tls, self.context)
            if self._tls.ca_file is not None:
                self.context.load_verify_locations(self._tls.ca_file)
        except (OSError, ssl.SSLError):
            return
        self._marks.seen()


def cause(text: str) -> str | None:
    """What an error of a connection means and asks for; None when TLS has no part in it."""
    words = text.lower()
    return next((meaning for said, meaning in CAUSES if said in words), None)


def suspicion(text: str, *, encrypted: bool) -> str | None:
    """What to try where a server ended the connection without a word; None for other errors.

    By TLS 1.3 a server looks at our certificate after we count as connected, and may then only hang up.
    """
    if not any(said in text.lower() for said in ENDED):
        return None
    if encrypted:
        return "perhaps it asks for a certificate: set tls.cert_file and tls.key_file to ones that its CA signed"
    return "perhaps it asks for TLS: write the address with it"


def _readable(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as exc:
        raise SettingInvalid(f"tls.ca_file: {path}: {exc}", "write certificates of authorities as PEM") from exc
    return path


def _show(tls: Tls, context: ssl.SSLContext) -> None:
    if tls.cert_file is not None:
        password: Any = tls.password() or ""  # without one OpenSSL would ask on the terminal
        context.load_cert_chain(tls.cert_file, tls.key_file, password)
