"""Apache Kafka as in a guarded estate: TLS, client certificates, SASL over TLS, and rights (ACLs)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from sandbox.servers.apache import ApacheKafka
from sandbox.servers.authority import Authority
from sandbox.servers.server import LOOPBACK

USER = "penchant"
"""Who logs in, by whatever mechanism: the user name, the certificate's CN, the token's `sub`."""

PASSWORD = "s3cret-of-kafka"  # noqa: S105 (of a server on loopback that lives for a test)
MODULES = "org.apache.kafka.common.security"
WITHIN_S = 30.0

Rights = Mapping[tuple[ResourceType, str], Sequence[AclOperation]]


class SecuredKafka(ApacheKafka):
    """One node with a listener for each way in. A user has only the rights that `grant` gives.

    The plain listener is the broker's own, and the test's: whoever is there may do everything. `jwks_url` is where the
    keys of the token endpoint are, for OAUTHBEARER.
    """

    port_count = 5

    def __init__(self, run_folder: Path, authority: Authority, jwks_url: str | None = None) -> None:
        super().__init__(run_folder)
        self._authority, self._certificate, self._jwks_url = authority, authority.issue("broker"), jwks_url

    @property
    def tls_address(self) -> str:
        """Encrypted, for anybody."""
        return f"{LOOPBACK}:{self.ports[2]}"

    @property
    def mtls_address(self) -> str:
        """Encrypted, for whoever shows a certificate of the authority."""
        return f"{LOOPBACK}:{self.ports[3]}"

    @property
    def sasl_address(self) -> str:
        """Encrypted, for whoever logs in."""
        return f"{LOOPBACK}:{self.ports[4]}"

    def admin(self) -> AdminClient:
        """A client that may do everything. Hold it while you wait: what it was asked ends with it."""
        return AdminClient({"bootstrap.servers": self.address, "log_level": 3})  # errors

    def set_scram_password(self, password: str, user: str = USER) -> None:
        """The user's password for SCRAM-SHA-512 from now on; it makes a user who is not there."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4_096)
        change = UserScramCredentialUpsertion(user, info, password.encode())
        admin = self.admin()
        for changed in admin.alter_user_scram_credentials([change]).values():
            changed.result(WITHIN_S)

    def make_topics(self, *names: str, partitions: int = 1) -> None:
        """Topics with as many partitions each."""
        admin = self.admin()
        for made in admin.create_topics([NewTopic(name, partitions, 1) for name in names]).values():
            made.result(WITHIN_S)

    def grant(self, rights: Rights, user: str = USER) -> None:
        """Give the user these rights, and no others."""
        admin = self.admin()
        for granted in admin.create_acls(_bindings(AclBinding, rights, user)).values():
            granted.result(WITHIN_S)

    def revoke(self, rights: Rights, user: str = USER) -> None:
        """Take these rights from the user."""
        admin = self.admin()
        for revoked in admin.delete_acls(_bindings(AclBindingFilter, rights, user)).values():
            revoked.result(WITHIN_S)

    async def start(self) -> None:
        """Start, and let USER in by SCRAM too."""
        await super().start()
        try:
            await asyncio.to_thread(self.set_scram_password, PASSWORD)
        except (KafkaException, asyncio.CancelledError):
            await self.stop()
            raise

    def describe(self) -> str:
        """E.g. `Apache Kafka 4.1.1, SCRAM over TLS, ACLs`."""
        return f"{super().describe()}, SCRAM over TLS, ACLs"

    def _java(self) -> list[str]:
        urls = [f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self._jwks_url}"] if self._jwks_url else []
        program, *options = super()._java()
        return [program, *urls, *options]

    def _properties(self) -> Mapping[str, object]:
        plain, controller, *others = (f"{LOOPBACK}:{port}" for port in self.ports)
        named = dict(zip(("PLAINTEXT", "TLS", "MTLS", "LOGIN"), (plain, *others), strict=True))
        listeners = ",".join(f"{name}://{address}" for name, address in named.items())
        return {
            **super()._properties(),
            "listeners": f"{listeners},CONTROLLER://{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": (
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,MTLS:SSL,LOGIN:SASL_SSL"
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            **self._tls(),
            **self._logins(),
        }

    def _tls(self) -> Mapping[str, object]:
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self._certificate.both.resolve(),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self._authority.ca.resolve(),
            "listener.name.mtls.ssl.client.auth": "required",
            "listener.name.mtls.ssl.principal.mapping.rules": r"RULE:^CN=(.*?)$/$1/",
        }

    def _logins(self) -> Mapping[str, object]:
        mechanisms = ["PLAIN", "SCRAM-SHA-512", *(["OAUTHBEARER"] if self._jwks_url else [])]
        listener, token = "listener.name.login", f"{MODULES}.oauthbearer"
        plain = f'{MODULES}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        logins = {
            "sasl.enabled.mechanisms": ",".join(mechanisms),
            f"{listener}.plain.sasl.jaas.config": plain,
            f"{listener}.scram-sha-512.sasl.jaas.config": f"{MODULES}.scram.ScramLoginModule required;",
        }
        if self._jwks_url:
            handler = f"{token}.OAuthBearerValidatorCallbackHandler"
            logins |= {
                f"{listener}.oauthbearer.sasl.jaas.config": f"{token}.OAuthBearerLoginModule required;",
                f"{listener}.oauthbearer.sasl.server.callback.handler.class": handler,
                f"{listener}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url": self._jwks_url,
                f"{listener}.oauthbearer.sasl.oauthbearer.expected.audience": "kafka",
            }
        return logins


Binding = TypeVar("Binding")


def _bindings(kind: Callable[..., Binding], rights: Rights, user: str) -> list[Binding]:
    literal, allow = ResourcePatternType.LITERAL, AclPermissionType.ALLOW
    return [
        kind(of, name, literal, f"User:{user}", "*", operation, allow)
        for (of, name), operations in rights.items()
        for operation in operations
    ]
