"""Circuit: whether a server is asked at all. Pure: time is an argument."""

OPEN_FIRST_S = 0.05
"""How long a server that failed is left alone at first, unless the timeout is longer."""

SMALL = 50
"""A read of more shoppers than this from one server is a large one."""


class CircuitOpen(ConnectionError):
    """The server failed a moment ago and is not asked again yet."""


class Circuit:
    """Opens at the first failure, lets one call through at a time while open, and closes when one succeeds.

    It stays open for `first_s`, then for twice as long after each call that was let through in vain, at most `most_s`.
    With `most_s` 0 it never opens. Threads may share it: at worst two of them are let through at once.
    """

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s, self._most_s = min(first_s, most_s), most_s
        self._open_s = self._until_s = 0.0

    @property
    def open(self) -> bool:
        """Whether the last call that came to an end has failed."""
        return self._open_s > 0

    def allows(self, now_s: float) -> bool:
        """Whether the server may be asked now. Whoever is told so while it is open keeps the others waiting."""
        if not self._open_s:
            return True
        if now_s < self._until_s:
            return False
        self._open_s = min(self._open_s * 2, self._most_s)
        self._until_s = now_s + self._open_s
        return True

    def failed(self, now_s: float) -> None:
        """The server was away, or too slow."""
        if not self._open_s:
            self._until_s, self._open_s = now_s + self._first_s, self._first_s

    def worked(self) -> None:
        """The server has answered."""
        self._open_s = 0.0


class Circuits:
    """One circuit for small reads and one for large ones, of one server.

    A server that is too slow for a thousand shoppers is not away: those who ask for one are still served.
    """

    def __init__(self, first_s: float, most_s: float) -> None:
        self._small, self._large = Circuit(first_s, most_s), Circuit(first_s, most_s)

    def of(self, commands: int) -> Circuit:
        """The circuit for a read of so many commands."""
        return self._large if commands > SMALL else self._small
