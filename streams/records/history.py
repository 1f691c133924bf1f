"""History records: an intent, when it became readable, and until when. Pure."""

from typing import NamedTuple

import orjson

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
        doc = self.intent.model_dump(mode="json")
        return orjson.dumps({"readable_at_ms": self.readable_at_ms, "expires_at_ms": self.expires_at_ms, "intent": doc})

    @classmethod
    def load(cls, value: bytes) -> "Readable":
        """Read it back. Raises EventRefused."""
        try:
            fields = orjson.loads(value)
            intent = Intent.model_validate(fields["intent"])
            return cls(intent, int(fields["readable_at_ms"]), int(fields["expires_at_ms"]))
        except (ValueError, KeyError, TypeError) as exc:
            raise EventRefused("schema", detail=f"no record of the history: {exc}") from exc
