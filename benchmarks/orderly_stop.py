"""An orderly stop: of two workers one is asked to end, and the other takes over its partitions."""

from typing import NamedTuple

from benchmarks.progress_file import ProgressReader


class OrderlyStop(NamedTuple):
    """Seconds from the signal until the worker gave up its partitions, and from then until the other one took in events
    of all of them."""

    stopping_s: float
    ownerless_stop_s: float


def shared(leaver: ProgressReader, heir: ProgressReader, partitions: int) -> bool:
    """Whether both take in events, and of all partitions between them."""
    states = [each.look().states for each in (leaver, heir)]
    parts = [set(each[-1].received) if each else set() for each in states]
    return all(parts) and len(parts[0] | parts[1]) == partitions == len(parts[0]) + len(parts[1])


def orderly_stop(asked_s: float, leaver: ProgressReader, heir: ProgressReader, partitions: int) -> OrderlyStop | None:
    """What it took, by what both told; None while the heir does not take in events of all partitions. `asked_s` is the
    signal's time on the machine's monotonic clock."""
    left_s = max(state.at_s for state in leaver.look().states)
    heir_s = heir.look().since(lambda state: state.at_s > asked_s and len(state.received) == partitions)
    if heir_s is None:
        return None
    return OrderlyStop(round(max(left_s - asked_s, 0.0), 2), round(max(heir_s - left_s, 0.0), 2))
