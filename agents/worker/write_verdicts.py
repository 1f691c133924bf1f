"""Write verdicts: what the store's answer to a write means for the shopper and the partition."""

from agents.worker.shoppers import Shopper
from storage.checkpoints import Verdict
from streams.errors import LineageMismatch


def covers(verdict: Verdict, shopper: Shopper) -> bool:
    """Whether what was written is stored for good.

    Otherwise the store knows something that our memory does not: the partition is marked to be read again, whereupon
    sessions are loaded anew. Or it has lost the erasure that we know of, and is to be told that before. Raises
    LineageMismatch when the store belongs to another log.
    """
    partition = shopper.home
    if verdict in (Verdict.ACCEPTED, Verdict.COVERED):
        return True
    if verdict is Verdict.LINEAGE:
        message = f"contexts of partition {partition.number} are stored under another lineage or partition"
        raise LineageMismatch(message, bump_remedy())
    if verdict is Verdict.ERASED and shopper.marker is not None:
        partition.untold[shopper.id] = shopper.marker
    partition.stale = partition.stale or ("erased" if verdict is Verdict.ERASED else "stale")
    return False


def bump_remedy(options: str = "") -> str:
    """What to do when contexts belong to another log, or a shopper to two partitions."""
    return (
        f"stop all workers of this namespace, run `penchant lineage bump{options}`, and start them again; if it comes "
        "back, shoppers stand in two partitions, and `penchant rekey` makes a topic where they do not (docs/lineage.md)"
    )
