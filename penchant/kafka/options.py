"""Connection: how to reach Kafka by the settings, in the words of aiokafka and of Faust."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import BrokerResponseError, KafkaError, UnknownTopicOrPartitionError
from aiokafka.helpers import create_ssl_context
from faust import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from penchant.settings.kafka import Kafka
from streams.errors import BrokerUnavailable, ContractMismatch

STOP_S = 5.0
"""How long the last records of a producer may take."""


def kafka_options(kafka: Kafka) -> dict[str, Any]:
    """What aiokafka's producer, consumer and admin client take to connect and log in."""
    options: dict[str, Any] = {
        "bootstrap_servers": [address.strip() for address in kafka.bootstrap.split(",")],
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = create_ssl_context(cafile=str(kafka.ca_file) if kafka.ca_file else None)
    if kafka.security_protocol.startswith("SASL"):
        options |= {"sasl_mechanism": kafka.sasl_mechanism, "sasl_plain_username": kafka.sasl_username}
        options["sasl_plain_password"] = kafka.sasl_password.get_secret_value() if kafka.sasl_password else None
    return options


def faust_credentials(kafka: Kafka) -> CredentialsT | None:
    """The same for Faust, which takes them as one object; None for a plain connection."""
    options = kafka_options(kafka)
    context = options.get("ssl_context")
    if not kafka.security_protocol.startswith("SASL"):
        return SSLCredentials(context) if context else None
    return SASLCredentials(
        username=options["sasl_plain_username"],
        password=options["sasl_plain_password"],
        ssl_context=context,
        mechanism=options["sasl_mechanism"],
    )


@asynccontextmanager
async def idempotent_producer(kafka: Kafka, **tuning: Any) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that writes each record once and waits for all replicas; `tuning` is aiokafka's.

    While Kafka is away it would wait for ever to send its last records: leaving the block does not.
    """
    producer = AIOKafkaProducer(**kafka_options(kafka), acks="all", enable_idempotence=True, **tuning)
    try:
        with kafka_errors(kafka):
            await producer.start()
        yield producer
    finally:
        try:
            async with asyncio.timeout(STOP_S):
                await producer.stop()
        except TimeoutError:
            await producer.client.close()


@contextmanager
def kafka_errors(kafka: Kafka) -> Iterator[None]:
    """Turn aiokafka's errors into ours."""
    try:
        yield
    except UnknownTopicOrPartitionError as exc:
        message = f"Kafka at {kafka.bootstrap} has no topic {kafka.topic}"
        raise ContractMismatch(
            message, "make the topic first, or let `penchant simulate traffic --create-topic` do it"
        ) from exc
    except (KafkaError, TimeoutError, OSError) as exc:
        if isinstance(exc, BrokerResponseError) and not exc.retriable:
            raise ContractMismatch(f"Kafka at {kafka.bootstrap} refuses {kafka.topic}: {exc!r}") from exc
        raise BrokerUnavailable(f"Kafka at {kafka.bootstrap} does not answer: {exc!r}") from exc
