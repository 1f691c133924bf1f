"""Due classes: shoppers who are due for a call, and in which order they are called for. Pure.

Those with an urgent action come first, by their deadline; then, newest first, those whose deadline has passed, for a
shopper rests between calls and may be overdue when due. Then all others by their deadline. A shopper past the deadline
of all is late, and served newest activity first: overload costs those who left, not those who are here.
"""

from collections.abc import Iterator
from itertools import count

from agents.worker.backlog_rules import BacklogRules
from agents.worker.lazy_heap import Entry, LazyHeap, counts
from agents.worker.shoppers import Owed, Shopper

LOOK_ENTRIES = 2_000
"""How many entries one look may go through, void ones and those of shoppers who become late: about 2 ms of work."""


class DueClasses:
    """Times are seconds on one clock. `cut_short`: the last look ended before it had seen everybody."""

    def __init__(self, rules: BacklogRules, sequence: "count[int]") -> None:
        self._rules = rules
        self.urgent, self.overdue, self.fresh, self.late = self.heaps = tuple(LazyHeap(sequence) for _ in range(4))
        self.cut_short = False

    def __bool__(self) -> bool:
        """Whether somebody is due; perhaps one that has been taken or dropped since."""
        return any(self.heaps)

    def file(self, shopper: Shopper, owed: Owed) -> None:
        """Somebody is due for a call."""
        if owed.upgrade:
            self.file_late(shopper, owed)
        elif owed.urgent_s is not None:
            self.urgent.push(owed.urgent_s + self._rules.urgent_target_s, shopper)
        else:
            self.fresh.push(owed.first_s + self._rules.freshness_target_s, shopper)

    def file_late(self, shopper: Shopper, owed: Owed) -> None:
        """Somebody is past the deadline of all."""
        shopper.late_s = owed.last_s
        self.late.push(-owed.last_s, shopper)

    def in_order(self, now_s: float) -> Iterator[tuple[LazyHeap, Entry]]:
        """Take those who are due out of their heaps, one by one. A shopper past a deadline goes to the next class."""
        passed, self.cut_short = 0, False
        for heap in self.heaps:
            while entry := heap.pop():
                owed = entry[3].owed
                if owed is not None and counts(entry):
                    if heap is self.late or self._deadline_s(heap, entry) >= now_s:
                        yield heap, entry
                        continue
                    self._pass_on(heap, entry[3], owed)
                passed += 1
                if passed == LOOK_ENTRIES:
                    self.cut_short = True
                    return

    def _deadline_s(self, heap: LazyHeap, entry: Entry) -> float:
        """The overdue have as long as all others."""
        return self._rules.freshness_target_s - entry[0] if heap is self.overdue else entry[0]

    def _pass_on(self, heap: LazyHeap, shopper: Shopper, owed: Owed) -> None:
        if heap is self.urgent and owed.urgent_s is not None:
            self.overdue.push(-owed.urgent_s, shopper)
        else:
            self.file_late(shopper, owed)
