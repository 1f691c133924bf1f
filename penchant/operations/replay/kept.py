"""Kept: checkpoints of a replay beside the live service, which outlive the comparison."""

from agents.worker.checkpoints import Checkpoints

KEEP_MS = 7 * 86_400_000


class KeptCheckpoints(Checkpoints):
    """By event time the intents of old events would have expired before anybody could compare them."""

    def intent_ends_ms(self, last_ms: int) -> int:  # noqa: ARG002 # the clock's time counts here
        return self.clock_ms() + KEEP_MS
