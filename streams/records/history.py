"""History records: an intent, when it became readable, and until when. Pure."""

from typing import NamedTuple

import orjson
from msgspec import convert, json

from streams.errors import EventRefused
from streams.records.intents import Intent


class Readable(NamedTuple):
    """An intent as rankers could read it: from `readable_at_ms`, when Redis had it, to when the next one came, or to
    `expires_at_ms`. Epoch milliseconds."""

    intent: Intent
    readable_at_ms: int
    expires_at_ms: int

    def dump(self) -> bytes:
        """The record's value; its key is the shopper."""
        times = {"readable_at_ms": self.readable_at_ms, "expires_at_ms": self.expires_at_ms}
        return json.encode({**times, "intent": self.intent})

    @classmethod
    def load(cls, value: bytes) -> "Readable":
        """Read it back. Raises EventRefused."""
        try:
            fields = orjson.loads(value)
            intent = convert(fields["intent"], Intent)
            return cls(intent, int(fields["readable_at_ms"]), int(fields["expires_at_ms"]))
        except (ValueError, KeyError, TypeError) as exc:
            raise EventRefused("schema", detail=f"no record of the history: {exc}") from exc
