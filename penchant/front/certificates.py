"""Certificates: what is shown to clients by TLS and asked of them, read anew when the files change."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import structlog

from penchant.front.rules import HttpRules
from streams.errors import SettingInvalid

LOOK_EVERY_S = 1.0

log = structlog.get_logger()


class ServerTls(ssl.SSLContext):
    """A context whose connections begin with the files as they stand then. While changed files are wrong, or belong not
    together yet, the last good ones count; the first must be good. Connections that there are stay as they are."""

    def __new__(cls, rules: HttpRules, now_s: Callable[[], float] = time.monotonic) -> Self:
        """Raises SettingInvalid."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._rules, made._now_s = rules, now_s
        made._stamp, made._looked_s = made._changed(), now_s()
        made._newest = _context(rules)
        return made

    _rules: HttpRules
    _now_s: Callable[[], float]
    _stamp: tuple[object, ...]
    _looked_s: float
    _newest: ssl.SSLContext

    def wrap_bio(self, *given: Any, **named: Any) -> ssl.SSLObject:
        """A connection begins (asyncio's way)."""
        self._look()
        return self._newest.wrap_bio(*given, **named)

    def _look(self) -> None:
        now_s = self._now_s()
        if now_s < self._looked_s + LOOK_EVERY_S:
            return
        self._looked_s = now_s
        if (stamp := self._changed()) == self._stamp:
            return
        self._stamp = stamp
        try:
            self._newest = _context(self._rules)
        except SettingInvalid as error:
            log.warning("http.certificates_unread", error=str(error), then="the last good ones count")
        else:
            log.info("http.certificates_read", cert_file=str(self._rules.cert_file))

    def _changed(self) -> tuple[object, ...]:
        files = self._rules.cert_file, self._rules.key_file, self._rules.client_ca_file
        return tuple(_stamp(path) for path in files if path is not None)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _context(rules: HttpRules) -> ssl.SSLContext:
    """By the files; with authorities a client without their certificate is not let in. SettingInvalid."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(
            str(rules.cert_file), rules.key_file, ""
        )  # without a password OpenSSL would ask for one
    except (OSError, ssl.SSLError) as exc:
        remedy = "write the certificate with its chain, and its key without a password, as PEM"
        raise SettingInvalid(f"http.cert_file: {rules.cert_file} and its key: {exc}", remedy) from exc
    if rules.client_ca_file is not None:
        try:
            context.load_verify_locations(rules.client_ca_file)
        except (OSError, ssl.SSLError) as exc:
            remedy = "write certificates of authorities as PEM"
            raise SettingInvalid(f"http.client_ca_file: {rules.client_ca_file}: {exc}", remedy) from exc
        context.verify_mode = ssl.CERT_REQUIRED
    return context
