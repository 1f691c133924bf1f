"""Queue delay: how long a call waited on its server before work on it began. Pure; times are seconds on one clock.

Servers that tell are believed. Then the prompt is computed, which waits too when others' prompts are in the way; and of
servers that do not tell, the time to the first token is all that is known. How long a prompt takes alone is predicted
from the best times of the last minutes: what lies far above that is waiting.
"""

from collections import deque

from msgspec import Struct

from clients.calls import Completion

OVERHEAD_TOKENS = 200
"""What a call costs before its first token beside its prompt, as tokens of prompt: network, scheduling, one decode."""

TOLERANCE = 2.0
"""A prompt takes longer by this in a full batch that makes nobody wait: it is computed between decodes."""

GROUP = 8
MINUTE_S = 60.0
KEPT = 10


class Wait(Struct, frozen=True, gc=False):
    """How long a call waited: as its server told, and by how much the first token came later than it had to. The latter
    is negative when it came earlier, so that chance evens out over many calls."""

    told_ms: float = 0.0
    late_ms: float = 0.0

    @property
    def ms(self) -> float:
        """Together, of this one call."""
        return self.told_ms + max(self.late_ms, 0.0)


class QueueDelayEstimator:
    """Knows one server's long-term floor of the time to first token per uncached input token: `floor_ms` when nothing
    waits, 0 before anything is known."""

    def __init__(self) -> None:
        self._group: list[float] = []
        self._floors: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self.floor_ms = 0.0

    def wait(self, completion: Completion, input_tokens: float, now_s: float) -> Wait:
        """What this answer tells. `input_tokens` stands in where the server does not count them."""
        told_ms = completion.queue_ms or 0.0
        if completion.prefill_ms is None:
            return Wait(told_ms)
        tokens = completion.input_tokens or input_tokens
        work = max(tokens - (completion.cached_tokens or 0), 0) + OVERHEAD_TOKENS
        self._note(completion.prefill_ms / work, now_s)
        return Wait(told_ms, completion.prefill_ms - TOLERANCE * self.floor_ms * work)

    def _note(self, ms_per_token: float, now_s: float) -> None:
        """The second best of a group of calls is taken for its floor: the best may be a fluke."""
        self._group.append(ms_per_token)
        if self._floors and len(self._group) < GROUP:
            return
        if not self._floors:
            self._floors.append((now_s, ms_per_token))
        if len(self._group) == GROUP:
            self._end_group(now_s)
        self.floor_ms = min(floor for _, floor in self._floors)

    def _end_group(self, now_s: float) -> None:
        floor, (since_s, best) = sorted(self._group)[1], self._floors[-1]
        self._group.clear()
        if now_s - since_s < MINUTE_S:
            self._floors[-1] = (since_s, min(best, floor))
        else:
            self._floors.append((now_s, floor))
