"""Learned counts in memory, as storage/counts.py keeps them in Redis."""

from streams.errors import StoreUnavailable


class MemoryCounts:
    """`away`: nothing can be read or written. `refused` counts what an older owner tried to write."""

    def __init__(self) -> None:
        self.bodies: dict[int, tuple[int, int, bytes]] = {}
        self.closed: bytes | None = None
        self.snapshots: dict[str, bytes] = {}
        self.name = ""
        self.categories: list[str] = []
        self.away = False
        self.refused = 0

    async def lessons(self, partition: int) -> bytes | None:
        """What a partition's shoppers taught."""
        self._reach()
        return self.bodies.get(partition, (0, 0, None))[2]

    async def write(self, partition: int, lineage: int, offset: int, body: bytes) -> bool:
        """Unless a later owner has written."""
        self._reach()
        if self.bodies.get(partition, (-1, -1))[:2] > (lineage, offset):
            self.refused += 1
            return False
        self.bodies[partition] = lineage, offset, body
        return True

    async def totals(self) -> bytes | None:
        """All closed days."""
        self._reach()
        return self.closed

    async def close_days(self, totals: bytes) -> None:
        """With those closed since."""
        self._reach()
        self.closed = totals

    async def shelf(self) -> list[str]:
        """The categories of cards."""
        self._reach()
        return self.categories

    async def publish(self, name: str, body: bytes, keep_s: int) -> None:  # noqa: ARG002 # nothing expires here
        """The snapshot that rules use."""
        self._reach()
        self.snapshots[name], self.name = body, name

    async def current(self) -> str:
        """Its name."""
        self._reach()
        return self.name

    async def snapshot(self, name: str) -> bytes | None:
        """One by its name."""
        self._reach()
        return self.snapshots.get(name)

    def _reach(self) -> None:
        if self.away:
            raise StoreUnavailable("away")
