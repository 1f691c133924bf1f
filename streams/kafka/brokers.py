"""Brokers: one connection to each bootstrap address, by which the cause of a failure is known.

aiokafka's clients only say that they cannot bootstrap; why stands in their logs.
"""

import asyncio

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams.errors import BrokerUnavailable, ContractMismatch, PenchantError
from streams.kafka.options import KafkaOptions
from streams.tls import cause

WITHIN_S = 10.0

LOGIN = "correct the login: kafka.sasl_mechanism with its user and password, or kafka.oauth"
PROTOCOL = "correct kafka.security_protocol and kafka.tls, or take the port that speaks this"
ADDRESS = "start Kafka, or correct kafka.bootstrap"


async def reach(options: KafkaOptions, address: str) -> str:
    """Connect to `host:port`, encrypt and log in; how that was done, in words.

    ContractMismatch names the cause and the setting where a broker refuses us, BrokerUnavailable where none answers.
    """
    host, _, port = address.strip().rpartition(":")
    try:
        async with asyncio.timeout(WITHIN_S):
            connection = await create_conn(host, int(port), **options.login())
    except (KafkaError, TimeoutError, OSError) as exc:
        raise _mapped(exc, f"{address.strip()} ({_manner(options)})") from exc
    connection.close()
    return _manner(options)


def _manner(options: KafkaOptions) -> str:
    """In which way we connect; E.g. `SASL_SSL, SCRAM-SHA-512 as penchant, with our certificate`."""
    words: list[str] = [options.security_protocol]
    if options.security_protocol.startswith("SASL"):
        who = options.oauth.client_id if options.sasl_mechanism == "OAUTHBEARER" else options.sasl_username
        words.append(f"{options.sasl_mechanism}{f' as {who}' if who else ''}")
    if options.security_protocol.endswith("SSL") and options.tls.cert_file:
        words.append("with our certificate")
    return ", ".join(words)


def _mapped(error: BaseException, where: str) -> PenchantError:
    if why := cause(str(error)):
        return ContractMismatch(f"{where}: {why}", PROTOCOL)
    if isinstance(error, UnsupportedSaslMechanismError | IllegalSaslStateError):
        return ContractMismatch(f"{where}: {error}", LOGIN)
    if isinstance(error, SaslAuthenticationFailed | AuthenticationFailedError):
        return ContractMismatch(f"{where}: the login failed: {error}", LOGIN)
    if isinstance(error, KafkaConnectionError | ConnectionResetError | TimeoutError):
        found = f"{where}: it took the connection and ended it, or said nothing: {error!r}"
        return ContractMismatch(found, f"{PROTOCOL}; perhaps it asks for a certificate")
    return BrokerUnavailable(f"{where}: {error!r}")
