"""Eviction: quiet sessions are packed, and later dropped: the store has them, and the next event loads them."""

from dataclasses import dataclass

from agents.partition import Partition


@dataclass(frozen=True, slots=True)
class EvictionRules:
    """Clean sessions are packed after `pack_s` without an event and dropped after `drop_s`, or, while the worker holds
    more than `most` sessions, at once. `step` sessions are looked at in one go, about a millisecond."""

    pack_s: float = 30.0
    drop_s: float = 900.0
    most: int = 800_000
    step: int = 2_000


def evict(partition: Partition, now_s: float, rules: EvictionRules, held: int) -> int:
    """Look at the next step of a partition's sessions; `held` is how many the worker holds. Returns how many went."""
    dropped = 0
    for _ in range(rules.step):
        shopper = next(partition.sweep, None)
        if shopper is None:
            partition.sweep = iter(list(partition.shoppers.values()))
            break
        idle_s = now_s - shopper.touched_s
        if not shopper.clean or shopper.home is not partition:
            continue
        if idle_s >= rules.drop_s or held - dropped > rules.most:
            partition.shoppers.pop(shopper.id, None)
            dropped += 1
        elif idle_s >= rules.pack_s:
            shopper.pack()
    return dropped
