"""Stamps: when each event of a worker passed from one part to the next, on the machine's monotonic clock.

An event is named by its partition and offset. Only the last event of a call is stamped beyond the first part: the
others went along with it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents.health.statistics import Meter
from agents.worker.build import Kinds
from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.enrichment import Enrichment
from agents.worker.shoppers import Shopper
from benchmarks.instant_model import InstantModel
from clients.calls import Call
from storage.checkpoints import Write
from streams.kafka.batches import RecordBatch
from streams.records.intents import Intent
from streams.sessions.positions import Position

Place = tuple[int, int]
"""Partition and offset."""

PARTS = {
    "fetch": ("sent", "taken"),
    "fold": ("taken", "chosen"),
    "prompt": ("chosen", "asked"),
    "intent": ("answered", "handed"),
    "write": ("handed", "readable"),
}
"""From which stamp to which each part goes; between `asked` and `answered` it is the model's time."""


@dataclass(slots=True)
class Stamps:
    """Seconds by stamp and place."""

    seconds: dict[str, dict[Place, float]] = field(default_factory=dict)
    _homes: dict[str, int] = field(default_factory=dict)

    def note(self, stamp: str, partition: int, offset: int) -> None:
        """Now; the first time counts."""
        self.seconds.setdefault(stamp, {}).setdefault((partition, offset), time.monotonic())

    def model(self) -> InstantModel:
        """A model that answers at once and stamps."""
        return InstantModel(0.0, lambda call: self._of("asked", call), lambda call: self._of("answered", call))

    def meter(self) -> Meter:
        """A meter that stamps each intent that can be read."""
        return StampingMeter(self._readable)

    def kinds(self) -> Kinds:
        """The parts of a worker, stamping."""

        def enrichment(*args: Any) -> Enrichment:
            return StampingEnrichment(*args, note=self.note)

        def checkpoints(*args: Any, **kwargs: Any) -> Checkpoints:
            return StampingCheckpoints(*args, note=self._home, **kwargs)

        return Kinds(enrichment=enrichment, checkpoints=checkpoints)

    def added_ms(self, place: Place) -> dict[str, float] | None:
        """Milliseconds by part of what an event waited for beside the model; None of one that no call ended with."""
        if any(place not in self.seconds.get(stamp, ()) for ends in PARTS.values() for stamp in ends):
            return None
        at = {stamp: each[place] for stamp, each in self.seconds.items() if place in each}
        return {part: (at[end] - at[begin]) * 1e3 for part, (begin, end) in PARTS.items()}

    def _of(self, stamp: str, call: Call) -> None:
        partition, offset = call.id.split("-", 2)[:2]
        self.note(stamp, int(partition), int(offset))

    def _home(self, stamp: str, checkpoint: Checkpoint) -> None:
        context = checkpoint.context
        self._homes[context.shopper] = context.partition
        self.note(stamp, context.partition, context.position.offset)

    def _readable(self, intent: Intent) -> None:
        self.note("readable", self._homes[intent.shopper], Position.parse(intent.position).offset)


class StampingMeter(Meter):
    """Tells of each intent that is stored."""

    def __init__(self, readable: Callable[[Intent], None]) -> None:
        super().__init__()
        self._readable = readable

    def count_intent(self, intent: Intent, freshness_ms: float, *, seen: bool = False) -> None:
        super().count_intent(intent, freshness_ms, seen=seen)
        self._readable(intent)


class StampingEnrichment(Enrichment):
    """Stamps what it is given."""

    def __init__(self, *args: Any, note: Callable[[str, int, int], None]) -> None:
        super().__init__(*args)
        self._note = note

    async def take(self, batch: RecordBatch) -> None:
        for record in batch.records:
            self._note("taken", batch.partition, record.offset)
        await super().take(batch)


class StampingCheckpoints(Checkpoints):
    """Stamps when a session is taken for a call, and when its intent is handed to the store."""

    def __init__(self, *args: Any, note: Callable[[str, Checkpoint], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._note = note

    def take(self, shopper: Shopper) -> Checkpoint:
        checkpoint = super().take(shopper)
        self._note("chosen", checkpoint)
        return checkpoint

    def write(self, checkpoint: Checkpoint, intent: Intent | None = None, *, owed: bool) -> Write:
        self._note("handed", checkpoint)
        return super().write(checkpoint, intent, owed=owed)
