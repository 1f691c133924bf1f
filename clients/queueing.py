"""Queueing: how long a call waited on its server before work on it began. Pure; times are seconds on one clock.

Servers that tell are believed. Of others only the time to the first token is known, in which computing the prompt is
the rest. That is predicted from the best times of the last minutes: what lies far above it is waiting.
"""

from collections import deque

from clients.calls import Completion

OVERHEAD_TOKENS = 200
"""What a call costs before its first token beside its prompt, as tokens of prompt: network, scheduling, one decode."""

TOLERANCE = 1.5
"""A first token takes longer by this in a full batch that makes nobody wait: prompts are computed between decodes."""

GROUP = 8
MINUTE_S = 60.0
KEPT = 10


class Queueing:
    """Knows one server's long-term floor of the time to first token per uncached input token."""

    def __init__(self) -> None:
        self._group: list[float] = []
        self._floors: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def queue_ms(self, completion: Completion, input_tokens: float, now_s: float) -> float:
        """What this answer tells. `input_tokens` stands in where the server does not count them; 0 without a signal."""
        if completion.queue_ms is not None:
            return completion.queue_ms
        if completion.prefill_ms is None:
            return 0.0
        tokens = completion.input_tokens or input_tokens
        work = max(tokens - (completion.cached_tokens or 0), 0) + OVERHEAD_TOKENS
        self._note(completion.prefill_ms / work, now_s)
        return max(completion.prefill_ms - TOLERANCE * self.floor_ms() * work, 0.0)

    def floor_ms(self) -> float:
        """Milliseconds per token, when nothing waits; 0 before anything is known."""
        return min((floor for _, floor in self._floors), default=0.0)

    def _note(self, ms_per_token: float, now_s: float) -> None:
        """The second best of a group of calls is taken for its floor: the best may be a fluke."""
        self._group.append(ms_per_token)
        if not self._floors:
            self._floors.append((now_s, ms_per_token))
        if len(self._group) < GROUP:
            return
        floor = sorted(self._group)[1]
        self._group.clear()
        since_s, best = self._floors[-1]
        if now_s - since_s < MINUTE_S:
            self._floors[-1] = (since_s, min(best, floor))
        else:
            self._floors.append((now_s, floor))
