"""Progress: how far a replay is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents.replay.calls import ReplayCounts


@dataclass(slots=True)
class Progress:
    """How far it is; `total` is known once the range is. `resumed_at` are the offsets at which it went on."""

    tally: ReplayCounts
    total: int = 0
    resumed: int = 0
    resumed_at: Mapping[int, int] = field(default_factory=dict)
