"""The settings of the backlog: how much may wait, and what is late."""

from streams.section import Bytes, Offsets, Seconds, Sessions, section


@section
class BacklogRules:
    """How much may wait for the model, and what is late."""

    max_sessions: Sessions = 1_000_000
    """The most sessions in memory, on one worker; beyond it partitions pause."""
    max_bytes: Bytes = 1_073_741_824
    """The most memory that sessions may take; beyond it partitions pause."""
    max_span: Offsets = 200_000
    """The most offsets between a partition's first uncovered event and its newest; at half of it the oldest
    session is parked."""
    park_after_s: Seconds = 5.0
    """The oldest session is parked, still owed a call, when its first uncovered event is older than this; than
    four times as much while ingest is behind."""
    freshness_target_s: Seconds = 5.0
    """How soon after its first unseen event an intent should stand in Redis; later ones fall into the late class."""
    urgent_target_s: Seconds = 2.0
    """The same after an urgent action."""
