"""What serves requests behind a model server's front: the simulated GPU, or what takes its place."""

from typing import Protocol

from penchant.embedded.gpu import Gpu
from penchant.embedded.iterations import Request
from penchant.embedded.steady import SteadyGpu
from penchant.embedded.timing import Timing


class Engine(Protocol):
    """As `Gpu`, whose methods say more."""

    def submit(self, prompt: str, output_tokens: int, now_ms: float, *, max_tokens: int = 0) -> Request: ...

    def cancel(self, request: Request, now_ms: float) -> None: ...

    def advance(self, now_ms: float) -> None: ...

    def next_ms(self) -> float: ...

    def counts(self, now_ms: float) -> dict[str, int]: ...


def engine(timing: Timing) -> Engine:
    """The one that a timing asks for."""
    return SteadyGpu(timing) if timing.steady_ms_per_token else Gpu(timing)
