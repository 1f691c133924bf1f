"""Brokers: one connection to each bootstrap address, by which the cause of a failure is known.

aiokafka's clients only say that they cannot bootstrap; why stands in their logs.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from streams.errors import PenchantError, Stop
from streams.kafka.options import KafkaOptions
from streams.listener import Listener, listener
from streams.tls import cause

WITHIN_S = 10.0

LOGIN = "correct the login: kafka.sasl_mechanism with its user and password, or kafka.oauth"
PROTOCOL = "correct kafka.security_protocol and kafka.tls, or take the port that speaks this"
ADDRESS = "start Kafka, or correct kafka.bootstrap"
NAME = "correct the name in kafka.bootstrap, or what resolves names on this machine"
PACKETS = "see whether a firewall drops packets, or correct kafka.bootstrap"
TO_TLS = "set kafka.security_protocol to SSL or SASL_SSL, or take the port that is not encrypted"
TO_PLAIN = "set kafka.security_protocol to PLAINTEXT or SASL_PLAINTEXT, or take the port that is encrypted"
TO_LOGIN = "set kafka.security_protocol to SASL_SSL or SASL_PLAINTEXT, with kafka.sasl_mechanism and its user"
CERTIFICATE = "set kafka.tls.cert_file and kafka.tls.key_file to a pair that its CA signed"


KNOWN: Sequence[tuple[type[BaseException] | tuple[type[BaseException], ...], str, str]] = (
    (socket.gaierror, "its name does not resolve", NAME),
    (ConnectionRefusedError, "nothing listens there", ADDRESS),
    (UnsupportedSaslMechanismError, "{}", LOGIN),
    (IllegalSaslStateError, "it takes no login there", f"{LOGIN}; or set kafka.security_protocol without SASL"),
    ((SaslAuthenticationFailed, AuthenticationFailedError), "the login failed: {}", LOGIN),
)
"""Errors that say by themselves what is wrong: what it is, and what to do."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How a broker lets us in, in words; or why not, and what to do about it."""

    words: str
    remedy: str = ""

    @property
    def lets_in(self) -> bool:
        """Whether there is nothing to do."""
        return not self.remedy


async def reach(options: KafkaOptions, address: str) -> Reach:
    """Connect to `host:port`, encrypt, log in, and ask something that only whoever is let in may ask."""
    host, _, port = address.strip().rpartition(":")
    try:
        async with asyncio.timeout(WITHIN_S):
            await _ask(options, host, int(port))
    except PenchantError as exc:  # of a file of ours, or of an endpoint of tokens
        return Reach(str(exc).partition("\n")[0], exc.remedy if isinstance(exc, Stop) else LOGIN)
    except (KafkaError, TimeoutError, OSError) as exc:
        return _known(exc) or _by_listener(options, await listener(host, int(port)), exc)
    return Reach(_manner(options))


async def _ask(options: KafkaOptions, host: str, port: int) -> None:
    connection = await create_conn(host, port, **options.login())
    try:
        await connection.send(MetadataRequest([]))  # a broker that wants a login ends the connection at this
    finally:
        connection.close()


def _manner(options: KafkaOptions) -> str:
    """In which way we connect; E.g. `SASL_SSL, SCRAM-SHA-512 as penchant, with our certificate`."""
    words: list[str] = [options.security_protocol]
    if options.security_protocol.startswith("SASL"):
        who = options.oauth.client_id if options.sasl_mechanism == "OAUTHBEARER" else options.sasl_username
        words.append(f"{options.sasl_mechanism}{f' as {who}' if who else ''}")
    if options.security_protocol.endswith("SSL") and options.tls.cert_file:
        words.append("with our certificate")
    return ", ".join(words)


def _known(error: BaseException) -> Reach | None:
    """What the error says by itself; None where it only says that the connection ended."""
    if why := cause(str(error)):
        return Reach(why, PROTOCOL)
    for kinds, words, remedy in KNOWN:
        if isinstance(error, kinds):
            return Reach(words.format(error), remedy)
    return None


def _by_listener(options: KafkaOptions, kind: Listener, error: BaseException) -> Reach:
    """Why a connection ended without a word, by what listens there."""
    protocol: Any = options.security_protocol
    encrypted = protocol.endswith("SSL")
    if kind == "nobody":
        return Reach(f"it cannot be reached: {error!r}", PACKETS)
    if not encrypted and kind != "plain":
        return Reach(f"it speaks TLS, and kafka.security_protocol is {protocol}", TO_TLS)
    if encrypted and kind == "plain":
        return Reach(f"nobody speaks TLS there, and kafka.security_protocol is {protocol}", TO_PLAIN)
    if encrypted and kind == "TLS for certificates":
        shown = "does not accept our certificate" if options.tls.cert_file else "asks for our certificate"
        return Reach(f"it {shown}", CERTIFICATE)
    if not protocol.startswith("SASL"):
        return Reach(f"it asks for a login, and kafka.security_protocol is {protocol}", TO_LOGIN)
    return Reach(f"it took the connection and ended it, or said nothing: {error!r}", PROTOCOL)
