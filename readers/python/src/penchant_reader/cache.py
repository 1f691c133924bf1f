"""Cache: intents that were read a moment ago, bounded in entries and seconds."""

import threading
from collections import OrderedDict

from penchant_reader.intent import ReadIntent


class Cache:
    """Keeps the `entries` that were used last, each for `seconds` after it was read. With 0 of either it keeps none.

    That nothing is known of a shopper is kept too; failures are not. An intent that was read without its document
    serves those who do not ask for it. Threads may share it.
    """

    def __init__(self, entries: int, seconds: float) -> None:
        self._entries, self._seconds = (entries, seconds) if seconds > 0 else (0, 0.0)
        self._held: OrderedDict[str, tuple[float, ReadIntent]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, shopper: str, now_s: float, read_at_ms: int, *, whole: bool = True) -> ReadIntent | None:
        """The intent as if read now, which is what its age is counted to; None when it has to be read.

        `whole` asks for the document too.
        """
        if not self._entries:
            return None
        with self._lock:
            until_s, intent = self._held.get(shopper, (now_s, None))
            if intent is None:
                return None
            if until_s <= now_s:
                del self._held[shopper]
                return None
            if whole and not intent.whole:
                return None
            self._held.move_to_end(shopper)
        return intent.at(read_at_ms)

    def put(self, intent: ReadIntent, now_s: float) -> None:
        """Keep what was read, unless the read failed."""
        if not self._entries or intent.failed:
            return
        with self._lock:
            self._held[intent.shopper] = (now_s + self._seconds, intent)
            self._held.move_to_end(intent.shopper)
            while len(self._held) > self._entries:
                self._held.popitem(last=False)
