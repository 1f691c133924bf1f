"""Circuit breaker: whether it is worth calling the model now. Pure; times are seconds on one clock."""


class CircuitBreaker:
    """After `failures` failed calls in a row the model counts as away; then one call every `probe_s` looks whether it
    is back, so that a dead server costs one waiting call and not as many as there are shoppers. `failures` counts all
    calls that failed."""

    def __init__(self, failures: int = 3, probe_s: float = 1.0) -> None:
        self._most, self._probe_s = failures, probe_s
        self.failures = self._failed = 0
        self._next_probe_s = 0.0

    @property
    def away(self) -> bool:
        """Whether the model counts as away."""
        return self._failed >= self._most

    def admit(self, now_s: float) -> bool:
        """Whether to call now; admitting a probe books the next one."""
        if not self.away:
            return True
        if now_s < self._next_probe_s:
            return False
        self._next_probe_s = now_s + self._probe_s
        return True

    def succeeded(self) -> bool:
        """A call was answered; returns whether the model had been away."""
        was_away, self._failed = self.away, 0
        return was_away

    def failed(self, now_s: float, *, slow: bool = False) -> bool:
        """A call failed; returns whether the model counts as away from now on. It does not for a `slow` answer."""
        self.failures += 1
        if slow:
            return False
        self._failed += 1
        if self._failed == self._most:
            self._next_probe_s = now_s + self._probe_s
        return self._failed == self._most

    def trip(self, now_s: float) -> None:
        """It is known to be away, without a call that failed."""
        self._failed, self._next_probe_s = self._most, now_s + self._probe_s
