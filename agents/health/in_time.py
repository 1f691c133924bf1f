"""In time: whether an intent can be read before its shopper's next event. Pure; times are epoch milliseconds."""

from dataclasses import dataclass


@dataclass(slots=True)
class InTime:
    """Counts events that asked for a call and were followed by another one of their session.

    `by_any` and `by_model`: those whose covering intent could be read before the next event was appended to its topic,
    whoever made it, and by the model. An event whose intent nobody could have read any more does not count.
    """

    followed: int = 0
    by_any: int = 0
    by_model: int = 0

    def note(self, next_ms: int, readable_ms: int | None, modelled_ms: int | None) -> None:
        """The next event came; since when an intent of the one before can be read, None while it cannot."""
        self.followed += 1
        self.by_any += readable_ms is not None and readable_ms <= next_ms
        self.by_model += modelled_ms is not None and modelled_ms <= next_ms

    def shares(self) -> dict[str, float] | None:
        """`any` and `model`, from 0 to 1; None before anybody went on."""
        if not self.followed:
            return None
        return {"any": round(self.by_any / self.followed, 4), "model": round(self.by_model / self.followed, 4)}
