"""Options: how to reach Kafka, in the words of aiokafka and of Faust."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from aiokafka.helpers import create_ssl_context
from faust import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT
from pydantic import SecretStr

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
Isolation = Literal["read_committed", "read_uncommitted"]


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """Brokers as `host:port[,host:port]`, the login, and which records of transactions are read."""

    bootstrap: str
    security_protocol: Protocol = "PLAINTEXT"
    sasl_mechanism: Mechanism = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ca_file: Path | None = None
    isolation: Isolation = "read_committed"

    def committed(self) -> "KafkaOptions":
        """The same for topics that Penchant writes in transactions: what was aborted is never read."""
        return replace(self, isolation="read_committed")

    def client(self) -> dict[str, Any]:
        """What aiokafka's clients take to connect and log in."""
        options: dict[str, Any] = {
            "bootstrap_servers": [address.strip() for address in self.bootstrap.split(",")],
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = create_ssl_context(cafile=str(self.ca_file) if self.ca_file else None)
        if self.security_protocol.startswith("SASL"):
            options |= {"sasl_mechanism": self.sasl_mechanism, "sasl_plain_username": self.sasl_username}
            options["sasl_plain_password"] = self.sasl_password.get_secret_value() if self.sasl_password else None
        return options

    def credentials(self) -> CredentialsT | None:
        """The same for Faust, which takes them as one object; None for a plain connection."""
        options = self.client()
        context = options.get("ssl_context")
        if not self.security_protocol.startswith("SASL"):
            return SSLCredentials(context) if context else None
        return SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            ssl_context=context,
            mechanism=options["sasl_mechanism"],
        )
