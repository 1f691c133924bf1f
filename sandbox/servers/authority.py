"""A certificate authority for servers on loopback, by the `openssl` of this machine."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from streams.errors import PlatformLacks

DAYS = "2"
WITHIN_S = 30


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key (PKCS #8), and both in one file, as PEM."""

    cert: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates for 127.0.0.1 and localhost, good for two days. `ca` is its own."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("openssl"):
            raise PlatformLacks("there is no openssl here to make certificates", "apt install openssl")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.ca, self._key = folder, folder / "ca.pem", folder / "ca.key"
        usage = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl(self._key, self.ca, "/CN=Penchant's authority", "-nodes", *usage)

    def issue(self, name: str, password: str | None = None) -> Certificate:
        """A certificate for a server or a client called `name`; its key is encrypted where there is a password."""
        cert, key, both = (self._folder / f"{name}.{ending}" for ending in ("pem", "key", "both.pem"))
        _openssl(
            *(key, cert, f"/CN={name}", "-CA", self.ca, "-CAkey", self._key),
            *(("-nodes",) if password is None else ("-passout", f"pass:{password}")),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-addext", "extendedKeyUsage=serverAuth,clientAuth"),
        )
        both.write_text(key.read_text() + cert.read_text() + self.ca.read_text())
        return Certificate(cert, key, both)


def _openssl(key: Path, cert: Path, subject: str, *more: str | Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", DAYS]
    command += ["-subj", subject, "-keyout", str(key), "-out", str(cert), *map(str, more)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=WITHIN_S)  # noqa: S603
    if ended.returncode:
        raise PlatformLacks(f"openssl makes no certificate: {ended.stderr[-300:]}", "install OpenSSL 3")
