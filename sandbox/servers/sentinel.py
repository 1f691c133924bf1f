"""Redis Sentinel: watches one primary on loopback, and makes its replica the primary when it is gone."""

from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sandbox.servers.redis import RedisServer, find_redis_server
from sandbox.servers.server import LOOPBACK, Server

SERVICE = "shop"


class RedisSentinel(Server):
    """One Sentinel, which alone decides. It calls the primary SERVICE."""

    name = "sentinel"

    def __init__(self, run_folder: Path, primary: RedisServer, *, down_after_ms: int = 500) -> None:
        super().__init__(run_folder)
        self._primary, self._down_after_ms = primary, down_after_ms
        self._binary, _ = find_redis_server()

    @property
    def address(self) -> str:
        """Where it listens, as `host:port`."""
        return f"{LOOPBACK}:{self.ports[0]}"

    def command(self) -> Sequence[str]:
        """A Sentinel writes what it learns into its own settings."""
        path = self.run_folder / "sentinel.conf"
        path.write_text(
            f"port {self.ports[0]}\nbind {LOOPBACK}\ndir {self.run_folder.resolve()}\n"
            f"sentinel monitor {SERVICE} {LOOPBACK} {self._primary.ports[0]} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} {self._down_after_ms}\n"
            f"sentinel failover-timeout {SERVICE} 3000\n"
        )
        return [str(self._binary), str(path.resolve()), "--sentinel"]

    async def healthy(self) -> bool:
        """It answers, and knows its primary."""
        try:
            async with Redis(host=LOOPBACK, port=self.ports[0], socket_timeout=1) as client:
                info = await client.info("sentinel")
        except (RedisError, OSError):
            return False
        return bool(info.get("master0", {}).get("status") == "ok")

    async def knows_a_replica(self) -> bool:
        """Whether it could fail over."""
        async with Redis(host=LOOPBACK, port=self.ports[0], socket_timeout=1) as client:
            return int((await client.info("sentinel"))["master0"]["slaves"]) > 0

    def describe(self) -> str:
        """What it is."""
        return "redis-sentinel, one that decides alone"
