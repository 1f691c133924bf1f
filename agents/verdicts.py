"""Verdicts: what the store's answer to a write means for the partition."""

from agents.partition import Partition
from storage.checkpoints import Verdict
from streams.errors import LineageMismatch


def covers(verdict: Verdict, partition: Partition) -> bool:
    """Whether what was written is stored for good.

    Otherwise the store knows something that our memory does not: the partition is marked to be read again, whereupon
    sessions are loaded anew. Raises LineageMismatch when the store belongs to another log.
    """
    if verdict in (Verdict.ACCEPTED, Verdict.COVERED):
        return True
    if verdict is Verdict.LINEAGE:
        message = f"contexts of partition {partition.number} are stored under another lineage or partition"
        remedy = "raise `lineage` in the settings by one on every worker, after the topic was re-created"
        raise LineageMismatch(message, remedy)
    partition.stale = True
    return False
