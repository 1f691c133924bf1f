"""In time: whether an intent can be read before its shopper's next event. Pure; times are epoch milliseconds."""

from dataclasses import dataclass

from agents.health.wilson import wilson


@dataclass(slots=True)
class InTime:
    """Counts events that asked for a call and were followed by another one of their session.

    `by_any` and `by_model`: those whose covering intent could be read before the next event was appended to its topic,
    whoever made it, and by the model. An event whose intent nobody could have read any more does not count.
    `by_left_out` of both: their call was left out, and the intent before was held to say the same.
    """

    followed: int = 0
    by_any: int = 0
    by_model: int = 0
    by_left_out: int = 0

    def note(self, next_ms: int, readable_ms: int | None, modelled_ms: int | None, *, left_out: bool = False) -> None:
        """The next event came; since when an intent of the one before can be read, None while it cannot. `left_out`:
        its call was."""
        self.followed += 1
        self.by_any += readable_ms is not None and readable_ms <= next_ms
        in_time = modelled_ms is not None and modelled_ms <= next_ms
        self.by_model += in_time
        self.by_left_out += in_time and left_out

    def shares(self, checked: int = 0, wrong: int = 0) -> dict[str, float] | None:
        """`any` and `model`, from 0 to 1; None before anybody went on.

        Of `checked` calls that could have been left out, `wrong` would have changed something. So many of those that
        were left out do not count, and `low` and `high` bound the model's share: within what so few checks tell (95 %).
        """
        if not self.followed:
            return None
        least, most = wilson(wrong, checked)
        of_checked = wrong / checked if checked else 0.0
        shares = {"any": self._share(self.by_any, of_checked), "model": self._share(self.by_model, of_checked)}
        if self.by_left_out:
            shares |= {"low": self._share(self.by_model, most), "high": self._share(self.by_model, least)}
        return shares

    def _share(self, in_time: int, wrong: float) -> float:
        return round((in_time - self.by_left_out * wrong) / self.followed, 4)
