"""Progress of a replay in Redis: how far each partition came, so that a crash costs little."""

from collections.abc import Mapping

from storage.connection import Client, ask
from storage.keys import Keys


class RedisProgress:
    """Of one namespace. `plan` names what is replayed: progress of another plan counts for nothing. Every method raises
    StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float, plan: str) -> None:
        self._client, self._key, self._timeout_s, self._plan = client, keys.replay, timeout_s, plan

    async def read(self) -> Mapping[int, int]:
        """The offset to go on at in each partition; empty where there is nothing to go on with."""
        (found,) = await ask(self._client, [("HGETALL", self._key)], self._timeout_s)
        values = {name.decode(): value.decode() for name, value in found.items()}
        if values.pop("plan", None) != self._plan:
            return {}
        return {int(number): int(offset) for number, offset in values.items()}

    async def write(self, offsets: Mapping[int, int]) -> None:
        """Remember how far it came."""
        fields = [part for pair in offsets.items() for part in pair]
        await ask(self._client, [("HSET", self._key, "plan", self._plan, *fields)], self._timeout_s)

    async def forget(self) -> None:
        """It is done, or begins anew."""
        await ask(self._client, [("DEL", self._key)], self._timeout_s)
