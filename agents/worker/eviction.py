"""Eviction: quiet sessions are packed, and later dropped: the store has them, and the next event loads them."""

from dataclasses import dataclass

from agents.health.snapshot import Held
from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper


@dataclass(frozen=True, slots=True)
class EvictionRules:
    """Clean sessions are packed after `pack_s` without an event and dropped after `drop_s`, or at once while the worker
    holds more than `most` sessions or `most_bytes`. `step` sessions are looked at in one go, about a millisecond; while
    it does not, few enough that looking at all of them takes `turns` goes. Packing takes longer, so all partitions
    together pack `packs` sessions in a round at the most.

    None is dropped before it is stored for good: a store that fails over in between would give back an older one, and
    the events between the two would be missing in what is folded onto it. Nor before the shopper may be called again:
    when it was called last is known here alone."""

    pack_s: float = 30.0
    drop_s: float = 900.0
    most: int = 800_000
    most_bytes: int = 800_000_000
    step: int = 2_000
    packs: int = 256
    turns: int = 20


def evict(
    partition: Partition, now_s: float, rules: EvictionRules, held: Held, *, safe: int | None, partitions: int = 1
) -> int:
    """Look at a partition's next sessions, one of `partitions` that share a round, and weigh them.

    `held` is what the worker holds; below `safe` all is stored for good (None: nothing yet). Returns how many went.
    """
    hot = packed = size_bytes = gone = gone_bytes = 0
    sessions, all_bytes, quiet_s = held.sessions, held.size_bytes, min(rules.pack_s, rules.drop_s)
    step, packs = max(rules.step // partitions, 1), max(rules.packs // partitions, 1)
    if held.sessions <= rules.most and held.size_bytes <= rules.most_bytes:
        step = min(step, len(partition.shoppers) // rules.turns + 1)
    for _ in range(step):
        shopper = next(partition.sweep, None)
        if shopper is None:
            break
        was_packed = is_packed = shopper.packed
        crowded = sessions - gone > rules.most or all_bytes - gone_bytes > rules.most_bytes
        if crowded or now_s - shopper.touched_s >= quiet_s:  # else there is nothing to do for it but to weigh it
            kept = not shopper.clean or shopper.home is not partition or partition.wants(shopper.id)
            if not kept and _goes(shopper, now_s, rules, crowded=crowded, safe=safe or 0):
                partition.shoppers.pop(shopper.id, None)
                gone += 1
                gone_bytes += shopper.size_bytes
                continue
            is_packed = shopper.packed
        packed += is_packed
        hot += not is_packed
        size_bytes += shopper.size_bytes
        packs -= is_packed and not was_packed
        if not packs:
            break
    partition.weighing += Held(hot, packed, size_bytes)
    if shopper is None:
        _begin_anew(partition)
    return gone


def holdings(partition: Partition) -> Held:
    """What the partition holds: as many sessions as there are now, as large as those that were looked at last."""
    seen = partition.weighed if partition.weighed.sessions else partition.weighing
    share = len(partition.shoppers) / seen.sessions if seen.sessions else 0.0
    packed = round(seen.packed * share)
    return Held(len(partition.shoppers) - packed, packed, round(seen.size_bytes * share))


def _goes(shopper: Shopper, now_s: float, rules: EvictionRules, *, crowded: bool, safe: int) -> bool:
    """Whether to drop a clean session; one that stays may be packed."""
    idle_s = now_s - shopper.touched_s
    if (idle_s >= rules.drop_s or crowded) and shopper.folded < safe and now_s >= shopper.rested_s:
        return True
    if idle_s >= rules.pack_s:
        shopper.pack()
    return False


def _begin_anew(partition: Partition) -> None:
    partition.weighed, partition.weighing = partition.weighing, Held()
    partition.sweep = iter(list(partition.shoppers.values()))
