"""Connection: how to reach Kafka by the settings, in the words of aiokafka."""

from typing import Any

from aiokafka.helpers import create_ssl_context

from penchant.settings.kafka import Kafka


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
