"""Answer quality: whether most of a model's answers are no intents. Pure; times are seconds on one clock."""

import re

from clients.limits.retry_budget import Recent

SHOWN = 160
"""How many characters of an answer are shown, masked."""

_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")


class AnswerQuality:
    """Over the last `window_s`. When at least `least` answers came and `poor_share` of them are unusable, a model is
    `poor`, until that is less than half so many; a model is never so bad that a few answers would show it."""

    def __init__(self, poor_share: float = 0.5, least: int = 20, window_s: float = 60.0) -> None:
        self._poor_share, self._least = poor_share, least
        self._answers, self._unusable = Recent(window_s), Recent(window_s)
        self.poor = False

    def share(self, now_s: float) -> float:
        """Which share of the answers is unusable; 0 of none."""
        return self._unusable.total(now_s) / max(self._answers.total(now_s), 1)

    def note(self, now_s: float, *, usable: bool) -> bool:
        """An answer came; returns whether the model became poor by it, or is poor no more."""
        self._answers.add(now_s)
        if not usable:
            self._unusable.add(now_s)
        before, share = self.poor, self.share(now_s)
        if before:
            self.poor = share >= self._poor_share / 2
        else:
            self.poor = share >= self._poor_share and self._answers.total(now_s) >= self._least
        return self.poor != before


def masked(text: str) -> str:
    """The form of an answer, with nothing that it says: letters are `x`, digits `0`."""
    return _DIGIT.sub("0", _LETTER.sub("x", text[:SHOWN])).encode("ascii", "replace").decode()
