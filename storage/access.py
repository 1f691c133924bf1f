"""Access: how a client of Redis logs in, encrypts, and finds its server; in the words of redis-py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool, SentinelManagedConnection
from redis.credentials import CredentialProvider

from storage.pool import ReadyPool
from streams.errors import SettingInvalid
from streams.secret import Secret
from streams.tls import Tls, TlsContext

CLUSTER_KEY = "decrypt it (openssl pkey): redis-py's client of a cluster takes no password for a key"


class Login(CredentialProvider):
    """User and password as they are now, for each new connection."""

    def __init__(self, user: str | None, password: Secret) -> None:
        self._user, self._password = user, password

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """As AUTH takes them: the password alone is the default user's."""
        password = self._password.text() or ""
        return (self._user, password) if self._user else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """The same."""
        return self.get_credentials()


class TlsConnection(SSLConnection):
    """A connection whose certificate is the one that is in the files now."""

    def __init__(self, *, tls: TlsContext, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tls = tls

    def _connection_arguments(self) -> Mapping[str, Any]:
        self._tls.refresh()
        return {**super()._connection_arguments(), "ssl": self._tls.context}


class SentinelTlsConnection(SentinelManagedConnection, TlsConnection):
    """The same to a primary that Sentinels name."""


class SentinelPool(SentinelConnectionPool, ReadyPool):
    """Connections to a primary that Sentinels name; who finds all of them busy waits."""

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002 (redis-py's)
        """As any pool; who closes all connections closes those to the Sentinels too."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who says where the primary of a service is: `host:port` each, with their own login."""

    addresses: tuple[str, ...]
    service: str
    login: Login | None
    timeout_s: float
    """How long one of them may take, before the next is asked."""


@dataclass(frozen=True, slots=True)
class Access:
    """The login, what TLS trusts and shows, and the Sentinels. As it is made: none of these."""

    login: Login | None = None
    tls: Tls = field(default_factory=Tls)
    sentinels: Sentinels | None = None

    def pool(self, options: Mapping[str, Any], connections: int) -> ConnectionPool:
        """A pool for one server; `options` are redis-py's, as a URL gives them."""
        options = {"max_connections": connections, **options, **self._credentials(self.login)}
        encrypted = options.get("connection_class") is SSLConnection
        if encrypted:
            options |= {"connection_class": TlsConnection, "tls": TlsContext(self.tls)}
        # `ask` bounds the wait for a connection together with the rest
        if self.sentinels is None:
            return ReadyPool(**{"timeout": None, **options})
        options = {key: value for key, value in options.items() if key not in ("host", "port", "path")}
        options["connection_class"] = SentinelTlsConnection if encrypted else SentinelManagedConnection
        manager = self._manager(self.sentinels, encrypted=encrypted)
        return SentinelPool(self.sentinels.service, manager, **{"timeout": None, **options})  # type: ignore[no-untyped-call]

    def of_cluster(self, *, encrypted: bool) -> dict[str, Any]:
        """What the client of a cluster takes. It reads a renewed certificate at its next start."""
        options = self._credentials(self.login)
        if not encrypted:
            return options
        TlsContext(self.tls)  # what is wrong with the files is said now, and by their names
        if self.tls.password() is not None:
            raise SettingInvalid("redis.tls.key_password: the key has a password", CLUSTER_KEY)
        files = {"ca_certs": self.tls.ca_file, "certfile": self.tls.cert_file, "keyfile": self.tls.key_file}
        return options | {f"ssl_{name}": str(path) for name, path in files.items() if path is not None}

    def _manager(self, sentinels: Sentinels, *, encrypted: bool) -> Sentinel:
        """redis-py's own, with clients of ours: its own would take no renewed certificate."""
        manager = Sentinel([])  # type: ignore[no-untyped-call] # redis-py says no types here
        timeouts = {"socket_timeout": sentinels.timeout_s, "socket_connect_timeout": sentinels.timeout_s}
        access = Access(sentinels.login, self.tls)
        for address in sentinels.addresses:
            host, _, port = address.rpartition(":")
            options = {
                "host": host,
                "port": int(port),
                **timeouts,
                **({"connection_class": SSLConnection} if encrypted else {}),
            }
            manager.sentinels.append(Redis.from_pool(access.pool(options, 1)))
        return manager

    @staticmethod
    def _credentials(login: Login | None) -> dict[str, Any]:
        return {} if login is None else {"credential_provider": login}
