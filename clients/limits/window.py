"""Window: what the calls told that began after the last change of a limit. Pure."""

from dataclasses import dataclass

from clients.limits.queue_delay import Wait


@dataclass(slots=True)
class Window:
    """How many, how many of them were in flight at once, and how long they waited on the server."""

    calls: int = 0
    in_flight: int = 0
    most: int = 0
    told_ms: float = 0.0
    late_ms: float = 0.0
    total_ms: float = 0.0
    wanted: bool = False

    def add(self, in_flight: int, wait: Wait, total_s: float) -> None:
        """One call more."""
        self.calls += 1
        self.in_flight += in_flight
        self.most = max(self.most, in_flight)
        self.told_ms += wait.told_ms
        self.late_ms += wait.late_ms
        self.total_ms += total_s * 1e3

    def waiting(self) -> tuple[float, float]:
        """How many calls were in flight on average, and how many of them waited on the server."""
        in_flight = self.in_flight / self.calls
        waited_ms = Wait(self.told_ms, self.late_ms).ms
        return in_flight, in_flight * waited_ms / max(self.total_ms, 1e-6)
