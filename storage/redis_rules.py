"""Settings of Redis."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from storage.access import Access, Login, Sentinels
from storage.connection import Client, connect
from streams import address
from streams.secret import Secret, by_one_way
from streams.section import File, Name, Seconds, Words, Writes, form, section
from streams.tls import Tls

RedisUrl = Annotated[
    str,
    Field(pattern=r"^(rediss?|unix)://\S+$"),
    AfterValidator(address.checked),
    form("redis://[user:password@]host:port/database, rediss:// for TLS, or unix:///path"),
]
Namespace = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$"),
    form("up to 64 letters, digits and . _ : -, no braces (they choose the cluster slot)"),
]
HostPort = Annotated[str, Field(pattern=r"^[^\s,/@]+:\d{1,5}$"), form("host:port")]


@section
class SentinelRules:
    """Redis Sentinel: who says where the primary is."""

    addresses: Annotated[tuple[HostPort, ...], Words] = ()
    """The Sentinels. With them redis.url says only the database, and by rediss:// that all connections are TLS."""
    service: Name = "mymaster"
    """What the Sentinels call the primary and its replicas."""
    username: Name | None = None
    """The ACL user at the Sentinels, where they have one."""
    password: SecretStr | None = None
    """The password at the Sentinels; it may differ from that of Redis."""
    password_file: File | None = None
    """A file that holds this password; it is read again when it has changed."""

    _one_way = field_validator("password_file")(by_one_way)


@section
class RedisRules:
    """Where intents and contexts are kept."""

    url: RedisUrl = "redis://localhost:6379/0"
    """The server, or any node of a cluster. A password in it is never shown."""
    cluster: bool = False
    """Whether it is a Redis Cluster. All keys of a shopper lie in one slot."""
    username: Name | None = None
    """The ACL user, unless it stands in the URL; without one it is the default user."""
    password: SecretStr | None = None
    """The password, unless it stands in the URL. Better in the environment or a file."""
    password_file: File | None = None
    """A file that holds the password; it is read again when it has changed."""
    tls: Tls = Tls()
    """What is trusted and shown; only for rediss://."""
    sentinel: SentinelRules = SentinelRules()
    """Where the primary is found by Redis Sentinel."""
    namespace: Namespace = "penchant"
    """The first part of every key. One namespace reads exactly one event topic."""
    timeout_s: Seconds = 0.5
    """How long one round trip may take before Redis counts as away."""
    pipeline: Writes = 128
    """The most writes in one pipeline. Twice as many hold up the event loop for twice as long (about 7 ms)."""

    _one_way = field_validator("password_file")(by_one_way)

    @field_validator("username", "password", "password_file")
    @classmethod
    def logs_in_once(cls, value: Any, info: ValidationInfo) -> Any:
        """Two logins are one too many, and nobody can say which was meant."""
        if value is not None and "@" in info.data.get("url", ""):
            raise ValueError("redis.url has a login too: leave one of them out")
        return value

    @field_validator("password_file")
    @classmethod
    def comes_with_a_name(cls, value: Any, info: ValidationInfo) -> Any:
        """A user without a password could not log in, and would be left out."""
        if info.data.get("username") and value is None and info.data.get("password") is None:
            raise ValueError("redis.username is set: set its password too, here or by value")
        return value

    @field_validator("sentinel")
    @classmethod
    def is_no_cluster(cls, sentinel: SentinelRules, info: ValidationInfo) -> SentinelRules:
        """A cluster knows its primaries itself."""
        if sentinel.addresses and info.data.get("cluster"):
            raise ValueError("redis.cluster is true, and a cluster has no Sentinels: leave one of them out")
        return sentinel

    @property
    def has_password(self) -> bool:
        """Whether a password is set apart from the URL."""
        return self.password is not None or self.password_file is not None

    def connect(self, connections: int = 8) -> Client:
        """A client with this login; see `storage.connection.connect`."""
        return connect(self.url, cluster=self.cluster, connections=connections, access=self._access())

    def _access(self) -> Access:
        secret = Secret("redis.password", self.password, self.password_file)
        return Access(Login(self.username, secret) if self.has_password else None, self.tls, self._sentinels())

    def _sentinels(self) -> Sentinels | None:
        rules = self.sentinel
        if not rules.addresses:
            return None
        secret = Secret("redis.sentinel.password", rules.password, rules.password_file)
        login = Login(rules.username, secret) if secret.text() is not None else None
        return Sentinels(rules.addresses, rules.service, login, self.timeout_s / (1 + len(rules.addresses)))
