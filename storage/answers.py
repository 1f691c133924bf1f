"""Answers: what models said of a shopper lately, kept for people to look at; bounded, and erased with the shopper."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files

import orjson

from storage.connection import Client, ask
from storage.keys import Keys

SCRIPT = files("storage").joinpath("keep_answer.lua").read_text(encoding="utf-8")

LONGEST = 2_000
"""Characters of an answer that are kept; an intent's have some 200."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as the model gave it, cut short, at `at_ms` of wall time. `removed` has one kind for each thing that
    grounding took out; `refused` is a word for why it was no intent, empty where it was one; `empty`: nothing held."""

    at_ms: int
    position: str
    model: str
    replica: str
    prompt_version: str
    arm: str
    text: str
    removed: tuple[str, ...] = ()
    refused: str = ""
    empty: bool = False

    @property
    def is_failure(self) -> bool:
        """Whether the rules had to speak in its place."""
        return bool(self.refused) or self.empty

    def dump(self) -> bytes:
        """As it stands in Redis."""
        return orjson.dumps(asdict(self))


class RedisAnswers:
    """A sorted set for each shopper, by time, in the shopper's slot. `timeout_s` bounds each call as a whole."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def keep(self, shopper: str, erasure: int, answer: KeptAnswer, most: int, kept_s: float) -> bool:
        """Keep it, with the `most` newest, for so long; False where the shopper was erased since `erasure`. Raises
        StoreUnavailable."""
        kept_ms = round(kept_s * 1e3)
        named = (self._keys.answers(shopper), self._keys.erasure(shopper))
        bounds = (most, answer.at_ms - kept_ms, answer.at_ms + kept_ms)
        command = ("EVAL", SCRIPT, 2, *named, erasure, answer.at_ms, answer.dump(), *bounds)
        [kept] = await ask(self._client, [command], self._timeout_s)
        return bool(kept)

    async def read(self, shopper: str) -> Sequence[KeptAnswer]:
        """Those of a shopper, the newest first; of a later version's, those that can be read. Raises StoreUnavailable,
        and StoreCorrupt for a key of another type."""
        [found] = await ask(self._client, [("ZRANGE", self._keys.answers(shopper), 0, -1)], self._timeout_s)
        return [answer for each in reversed(found) if (answer := _load(each))]


def _load(content: bytes) -> KeptAnswer | None:
    try:
        fields = orjson.loads(content)
        return KeptAnswer(**fields | {"removed": tuple(fields["removed"])})
    except (ValueError, TypeError, KeyError):  # one that cannot be read must not cost the others
        return None
