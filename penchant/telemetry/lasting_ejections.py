"""Lasting ejections: which model servers have been out for so long that their node should be looked at. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from clients.pools.registry import Notice


@dataclass(slots=True)
class _Ejection:
    """Of one server: its last notice, since when it is out, when it came back last, and whether that was said."""

    notice: Notice
    since_s: float
    back_s: float | None = None
    is_said: bool = False


class LastingEjections:
    """Times are those of notices. A server comes back on trial again and again while it is sick: only one that has been
    back for `after_s` begins anew."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._known: dict[str, _Ejection] = {}

    def hear(self, notice: Notice) -> None:
        """What became of a server."""
        known = self._known.get(notice.replica)
        if notice.kind == "removed":
            self._known.pop(notice.replica, None)
        elif notice.kind == "returned" and known is not None:
            known.back_s = notice.at_s
        elif notice.kind == "ejected":
            if known is None or (known.back_s is not None and notice.at_s - known.back_s >= self._after_s):
                known = self._known[notice.replica] = _Ejection(notice, notice.at_s)
            known.notice, known.back_s = notice, None

    def due(self, now_s: float) -> Iterator[Notice]:
        """The last notice of each server whose ejection has lasted, once."""
        for known in self._known.values():
            if not known.is_said and known.back_s is None and now_s - known.since_s >= self._after_s:
                known.is_said = True
                yield known.notice
