"""Write verdicts: how the store's answer to a write is had, and what it means for the shopper and the partition."""

import asyncio
from collections.abc import Callable
from math import inf

from agents.worker.shoppers import Shopper
from storage.checkpoints import Verdict, Write
from storage.gather import Writer
from streams.errors import EpochEnded, LineageMismatch, Retry


async def decided(
    writer: Writer,
    write: Write,
    ended: Callable[[], bool],
    again_s: float,
    note: Callable[[Verdict | None], None] = lambda _: None,
    most_undecided: float = inf,
) -> Verdict:
    """The store's verdict on a write, which is made again every `again_s`, however long all of the store is away.

    UNDECIDED only after so many times. `note` hears of each time in vain: None when nothing of the store answered.
    Raises EpochEnded once `ended` says that the work is nobody's here any more.
    """
    undecided = 0
    while not ended() and undecided < most_undecided:
        try:
            verdict = await writer.write(write)
        except Retry:
            note(None)
        else:
            if ended():
                break  # perhaps it is stored; whoever has the partition next reads these events again
            if verdict is not Verdict.UNDECIDED:
                return verdict
            undecided += 1
            note(verdict)
        await asyncio.sleep(again_s)
    if ended():
        raise EpochEnded("the partition or the shopper went before the store had decided")
    return Verdict.UNDECIDED


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
