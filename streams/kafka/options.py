"""Options: how to reach Kafka, in the words of aiokafka and of Faust."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from faust import SASLCredentials, SSLCredentials
from faust.auth import OAuthCredentials
from faust.types.auth import CredentialsT
from pydantic import SecretStr

from streams.kafka.oauth import OAuth
from streams.secret import Secret
from streams.tls import Tls, TlsContext

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
Isolation = Literal["read_committed", "read_uncommitted"]


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """Brokers as `host:port[,host:port]`, the login, the rack, which records of transactions are read, and how long a
    broker may hold a fetch of the consumer group that finds nothing."""

    bootstrap: str
    security_protocol: Protocol = "PLAINTEXT"
    sasl_mechanism: Mechanism = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    sasl_password_file: Path | None = None
    oauth: OAuth = field(default_factory=OAuth)
    tls: Tls = field(default_factory=Tls)
    client_rack: str | None = None
    isolation: Isolation = "read_committed"
    fetch_wait_s: float = 1.5

    def committed(self) -> "KafkaOptions":
        """The same for topics that Penchant writes in transactions: what was aborted is never read."""
        return replace(self, isolation="read_committed")

    def client(self) -> dict[str, Any]:
        """What aiokafka's clients take to connect and log in; for one client."""
        addresses = [address.strip() for address in self.bootstrap.split(",")]
        return {"bootstrap_servers": addresses, **self.login()}

    def login(self) -> dict[str, Any]:
        """The same without the brokers."""
        options: dict[str, Any] = {"security_protocol": self.security_protocol}
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = TlsContext(self.tls).context
        if not self.security_protocol.startswith("SASL"):
            return options
        options["sasl_mechanism"] = self.sasl_mechanism
        if self.sasl_mechanism == "OAUTHBEARER":
            return options | {"sasl_oauth_token_provider": self.oauth.provider()}
        return options | {"sasl_plain_username": self.sasl_username, "sasl_plain_password": self.password().text()}

    def password(self) -> Secret:
        """The password of the login."""
        return Secret("kafka.sasl_password", self.sasl_password, self.sasl_password_file)

    def credentials(self) -> CredentialsT | None:
        """The login for Faust, which takes it as one object; None for a plain connection."""
        login = self.login()
        context = login.get("ssl_context")
        if "sasl_oauth_token_provider" in login:
            return OAuthCredentials(oauth_cb=login["sasl_oauth_token_provider"], ssl_context=context)
        if "sasl_mechanism" not in login:
            return SSLCredentials(context) if context else None
        return SASLCredentials(
            username=login["sasl_plain_username"],
            password=login["sasl_plain_password"],
            ssl_context=context,
            mechanism=login["sasl_mechanism"],
        )


class Login:
    """The login of an aiokafka client that lives long: what stands in files is read again when it has changed."""

    def __init__(self, options: KafkaOptions, client: Any) -> None:
        self._client, self._password = client, options.password()
        self._password.text()  # what it logs in with stays in use while the file is being written anew
        self._tls = TlsContext(options.tls) if options.security_protocol.endswith("SSL") else None

    def refresh(self) -> None:
        """Log in as the files say now from the next connection on; connections that are open stay."""
        if self._tls is not None:
            self._tls.refresh()
            self._client._ssl_context = self._tls.context
        if (password := self._password.text()) is not None:
            self._client._sasl_plain_password = password
