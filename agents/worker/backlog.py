"""Backlog: who is owed a call, in which order. Pure; bounded by shoppers and not by events: the session is the queue.

Urgent shoppers come first, then the earliest deadline. A shopper past the deadline falls into a late class, which is
served newest activity first: overload costs those who left, not those who are here. Heaps are emptied lazily: an entry
counts only while the shopper's `place` is still the one it was filed under.
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from agents.worker.shoppers import Owed, Shopper
from streams.section import Bytes, Offsets, Seconds, Sessions, section
from streams.sessions.triggers import TriggerRules, due_s, pay

LATE_STEP_S = 1.0
"""How much newer a late shopper's activity must be before it is filed again: it bounds what events can push."""

LOOK_AHEAD = 64
"""How many shoppers are looked at for one whom a free place suits. Each one that is passed over costs a microsecond."""

Suits = Callable[[Shopper, bool], bool]
"""Whether a shopper is to be called for now; True: nobody else is."""

Entry = tuple[float, int, int, Shopper]
Heap = list[Entry]


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
    """The oldest session is parked, still owed a call, when its first uncovered event is older than this."""
    freshness_target_s: Seconds = 5.0
    """How soon after its first unseen event an intent should stand in Redis; later ones fall into the late class."""
    urgent_target_s: Seconds = 2.0
    """The same after an urgent action."""


class Backlog:
    """Times are seconds on one clock that never goes back; `now_s` is always an argument."""

    def __init__(self, triggers: TriggerRules, rules: BacklogRules) -> None:
        self._triggers, self.rules = triggers, rules
        self._urgent_actions = frozenset(triggers.urgent)
        self._timers: Heap = []
        self._urgent: Heap = []
        self._fresh: Heap = []
        self._late: Heap = []
        self._quiet: list[tuple[int, Shopper]] = []
        self._owed = 0
        self._sequence = count()

    def __len__(self) -> int:
        """How many shoppers are owed something that does not run yet."""
        return self._owed

    def note(self, shopper: Shopper, now_s: float, *, action: str, call: bool, appended_ms: int) -> Owed:
        """An event was folded: it is owed from now on. The caller sees to the ticket of what comes back."""
        owed = shopper.owed
        shopper.touched_s = now_s
        self._owed += owed is None
        if owed is None or (owed.upgrade and call):
            ticket = owed.ticket if owed is not None else None  # a quiet event may hold the commit since the upgrade
            owed = shopper.owed = Owed(first_s=now_s, last_s=now_s, appended_ms=appended_ms, call=call, ticket=ticket)
            earlier = True
        else:
            owed.add(now_s)
            earlier = owed.events == self._triggers.max_events or (call and not owed.call)
            owed.call |= call
        if call and owed.urgent_s is None and action in self._urgent_actions:
            owed.urgent_s, earlier = now_s, True
        if shopper.running is None:
            self._refile(shopper, owed, now_s, earlier=earlier)
        return owed

    def owe(self, shopper: Shopper, owed: Owed) -> None:
        """Put back what a call did not deliver, together with what came since."""
        shopper.running = None
        self.add(shopper, owed)

    def add(self, shopper: Shopper, owed: Owed) -> None:
        """Owe this, which is older, beside what is owed already; what runs is left alone."""
        self._owed += shopper.owed is None
        shopper.owed = owed.merge(shopper.owed)
        if shopper.running is None:
            self._arm(shopper, shopper.owed)

    def done(self, shopper: Shopper) -> None:
        """The running call was delivered; what came since is owed next."""
        shopper.running = None
        if shopper.owed is not None:
            self._arm(shopper, shopper.owed)

    def next(self, now_s: float, suits: Suits | None = None) -> Shopper | None:
        """Take the shopper to call for now, if one is due; from here on the call runs.

        With `suits` it is the first one for whom that says yes. When it says no to all, each is asked about once more,
        this time with True. Those who are passed over keep their place.
        """
        self.advance(now_s)
        passed: list[tuple[Heap, Entry]] = []
        found: Shopper | None = None
        for heap, entry in self._in_order(now_s):
            if suits is None or suits(entry[3], False):  # noqa: FBT003 # the protocol names it
                found = entry[3]
                break
            passed.append((heap, entry))
            if len(passed) == LOOK_AHEAD:
                break
        # A slot that did not suit them says nothing of the next one: they go back to where they were.
        for heap, entry in passed:
            heappush(heap, entry)
        # A slot that suits none of those at the head would stay empty: it may go to whoever comes first after all.
        if found is None and suits is not None:
            found = next((entry[3] for _, entry in passed if suits(entry[3], True)), None)  # noqa: FBT003
        if found is not None:
            self.take(found)
            # Counted from its beginning: how long the model takes is not to let a shopper call more often.
            found.called_s, found.paid_s = now_s, pay(found.paid_s, now_s, self._triggers)
        return found

    def take(self, shopper: Shopper) -> Owed:
        """Start serving a shopper, wherever it stands in the backlog."""
        owed = shopper.owed
        if owed is None or shopper.running is not None:
            message = f"shopper {shopper.id} is not waiting"
            raise ValueError(message)
        self._owed -= 1
        shopper.running, shopper.owed = owed, None
        shopper.place += 1
        shopper.late_s = None
        return owed

    def quiet(self, now_s: float) -> list[Shopper]:
        """Those who are due but ask for no call: their sessions are to be parked."""
        self.advance(now_s)
        due = [shopper for place, shopper in self._quiet if place == shopper.place]
        self._quiet.clear()
        return due

    def wake_s(self) -> float | None:
        """When the next timer rings; earlier than that only a new event can make somebody due."""
        while self._timers and self._timers[0][2] != self._timers[0][3].place:
            heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def waiting(self) -> bool:
        """Whether a due shopper waits for a call; perhaps one that has been taken or dropped since."""
        return bool(self._urgent or self._fresh or self._late)

    def drop(self, shopper: Shopper) -> None:
        """Forget a shopper whose epoch has ended."""
        self._owed -= shopper.owed is not None
        shopper.owed = None
        shopper.place += 1

    def compact(self) -> None:
        """Remove void entries. Call it after dropping many shoppers: until then the heaps keep them alive."""
        for heap in (self._timers, self._urgent, self._fresh, self._late):
            heap[:] = [entry for entry in heap if entry[2] == entry[3].place]
            heapify(heap)

    def advance(self, now_s: float) -> None:
        """File everyone whose timer has rung."""
        timers = self._timers
        while timers and timers[0][0] <= now_s:
            _, _, place, shopper = heappop(timers)
            if place != shopper.place or shopper.owed is None:
                continue
            due = self._due_s(shopper, shopper.owed)
            if due > now_s:  # events came since: they move what is due, but no timer, or each would cost a heap's turn
                heappush(timers, (due, next(self._sequence), place, shopper))
            else:
                shopper.owed.due_s = due
                self._file(shopper, shopper.owed)

    def _due_s(self, shopper: Shopper, owed: Owed) -> float:
        called_s = shopper.called_s if owed.call and not owed.attempts else None
        return max(due_s(owed, called_s, self._triggers, shopper.paid_s), owed.not_before_s)

    def _arm(self, shopper: Shopper, owed: Owed) -> None:
        shopper.place += 1
        shopper.late_s = None
        heappush(self._timers, (self._due_s(shopper, owed), next(self._sequence), shopper.place, shopper))

    def _refile(self, shopper: Shopper, owed: Owed, now_s: float, *, earlier: bool) -> None:
        if earlier:
            self._arm(shopper, owed)
        elif shopper.late_s is not None and now_s - shopper.late_s >= LATE_STEP_S:
            shopper.place += 1
            self._file_late(shopper, owed)

    def _file(self, shopper: Shopper, owed: Owed) -> None:
        if not owed.call:
            self._quiet.append((shopper.place, shopper))
        elif owed.upgrade:
            self._file_late(shopper, owed)
        elif owed.urgent_s is not None:
            deadline = owed.urgent_s + self.rules.urgent_target_s
            heappush(self._urgent, (deadline, next(self._sequence), shopper.place, shopper))
        else:
            deadline = owed.first_s + self.rules.freshness_target_s
            heappush(self._fresh, (deadline, next(self._sequence), shopper.place, shopper))

    def _file_late(self, shopper: Shopper, owed: Owed) -> None:
        shopper.late_s = owed.last_s
        heappush(self._late, (-owed.last_s, next(self._sequence), shopper.place, shopper))

    def _in_order(self, now_s: float) -> Iterator[tuple[Heap, Entry]]:
        """Take those who are due out of their heaps, one by one. A shopper past the deadline goes to the late class."""
        for heap in (self._urgent, self._fresh):
            while entry := _pop(heap):
                if entry[0] >= now_s:
                    yield heap, entry
                elif (owed := entry[3].owed) is not None:
                    self._file_late(entry[3], owed)
        while entry := _pop(self._late):
            yield self._late, entry


def _pop(heap: Heap) -> Entry | None:
    while heap:
        entry = heappop(heap)
        if entry[2] == entry[3].place and entry[3].owed is not None:
            return entry
    return None
