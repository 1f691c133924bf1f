"""Backlog: who is owed a call, in which order. Pure; bounded by shoppers and not by events: the session is the queue.

Who is due stands in classes (due_classes.py). The heaps hold a bounded number of entries for each shopper who is owed
(lazy_heap.py).
"""

from collections.abc import Callable, Iterator
from itertools import count

from agents.worker.backlog_rules import BacklogRules
from agents.worker.due_classes import LOOK_ENTRIES, DueClasses
from agents.worker.lazy_heap import Entry, LazyHeap, Sweeper, counts
from agents.worker.partition import Partition
from agents.worker.shoppers import MODEL_TRIES, Owed, Shopper
from clients.pools.wait_queue import first_suited
from streams.sessions.triggers import Rhythm, TriggerRules, due_s, pay, rested_s

LATE_STEP_S = 1.0
"""How much newer a late shopper's activity must be before it is filed again: it bounds what events can push."""

Suits = Callable[[Shopper, bool], bool]
"""Whether a shopper is to be called for now; True: nobody else is."""


class Backlog:
    """Times are seconds on one clock that never goes back; `now_s` is always an argument.

    `unfinished`: the last look ended before it had seen everybody; look again at once.
    """

    def __init__(self, triggers: TriggerRules, rules: BacklogRules, rhythm: Rhythm | None = None) -> None:
        self._triggers, self.rules, self._rhythm = triggers, rules, rhythm
        self._urgent_actions = frozenset(triggers.urgent)
        sequence = count()
        self._timers, self._quiet, self._due = LazyHeap(sequence), LazyHeap(sequence), DueClasses(rules, sequence)
        self._owed = 0
        self.hear_urgent: Callable[[Shopper], None] = lambda _: None  # of shoppers who are being served
        self._sweeper = Sweeper((self._timers, self._quiet, *self._due.heaps))
        self._looked_s = 0.0
        self.unfinished = False

    def __len__(self) -> int:
        """How many shoppers are owed something that does not run yet."""
        return self._owed

    @property
    def entries(self) -> int:
        """How many entries the heaps hold, void ones included."""
        return len(self._sweeper)

    def note(self, shopper: Shopper, now_s: float, *, action: str, call: bool, appended_ms: int) -> Owed:
        """An event was folded: it is owed from now on. The caller sees to the ticket of what comes back."""
        owed = shopper.owed
        shopper.touched_s = now_s
        if owed is None:
            self._count(shopper, 1)
        if owed is None or (owed.upgrade and call):
            ticket = owed.ticket if owed else None  # a quiet event may hold the commit since the upgrade
            owed = shopper.owed = Owed(first_s=now_s, last_s=now_s, appended_ms=appended_ms, call=call, ticket=ticket)
            earlier = True
        else:
            owed.add(now_s)
            sooner = not owed.call or (self._rhythm is not None and shopper.late_s is None)
            earlier, owed.call = owed.events == self._triggers.max_events or (call and sooner), owed.call or call
            if call:
                owed.faults = min(owed.faults, MODEL_TRIES)  # what is new deserves an intent, the rules' at least
        if call and owed.urgent_s is None and action in self._urgent_actions:
            owed.urgent_s, earlier = now_s, True
            if shopper.running is not None:
                self.hear_urgent(shopper)
        if shopper.running is None:
            self._refile(shopper, owed, now_s, earlier=earlier)
        return owed

    def owe(self, shopper: Shopper, owed: Owed) -> None:
        """Put back what a call did not deliver, together with what came since."""
        shopper.running = None
        self.add(shopper, owed)

    def add(self, shopper: Shopper, owed: Owed) -> None:
        """Owe this, which is older, beside what is owed already; what runs is left alone."""
        if shopper.owed is None:
            self._count(shopper, 1)
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
        looked_at: list[tuple[LazyHeap, Entry]] = []

        def due() -> Iterator[Shopper]:
            for heap, entry in self._due.in_order(now_s):
                looked_at.append((heap, entry))
                yield entry[3]
            self.unfinished |= self._due.cut_short

        chosen = first_suited(due(), suits or _anybody)
        for heap, entry in looked_at:  # a slot that did not suit them says nothing of the next one
            if entry[3] is not chosen:
                heap.put_back(entry)
        if chosen is not None:
            self.take(chosen)
            # Counted from its beginning: how long the model takes is not to let a shopper call more often.
            chosen.paid_s = pay(chosen.paid_s, now_s, self._triggers)
            chosen.rested_s = rested_s(now_s, chosen.paid_s, self._triggers)
        return chosen

    def take(self, shopper: Shopper) -> Owed:
        """Start serving a shopper, wherever it stands in the backlog."""
        owed = shopper.owed
        if owed is None or shopper.running is not None:
            message = f"shopper {shopper.id} is not waiting"
            raise ValueError(message)
        self._count(shopper, -1)
        shopper.running, shopper.owed = owed, None
        shopper.late_s = None
        self._void(shopper)
        return owed

    def quiet(self, now_s: float) -> list[Shopper]:
        """Those who are due but ask for no call: their sessions are to be parked."""
        self.advance(now_s)
        self.unfinished |= len(self._quiet) > LOOK_ENTRIES
        looked_at = [entry for _ in range(min(len(self._quiet), LOOK_ENTRIES)) if (entry := self._quiet.pop())]
        return [entry[3] for entry in looked_at if counts(entry)]

    def wake_s(self) -> float | None:
        """When the next timer rings; earlier than that only a new event can make somebody due."""
        if self.unfinished:
            return self._looked_s
        for _ in range(LOOK_ENTRIES):
            entry = self._timers.first()
            if entry is None or counts(entry):
                break
            self._timers.pop()
        return None if entry is None else entry[0]

    @property
    def late(self) -> int:
        """How many wait in the late class, those who have left it not long ago included."""
        return len(self._due.late)

    @property
    def urgent(self) -> bool:
        """Whether an urgent shopper is due; perhaps one that has been taken or dropped since."""
        return bool(self._due.urgent)

    def waiting(self) -> bool:
        """Whether a due shopper waits for a call; perhaps one that has been taken or dropped since."""
        return bool(self._due)

    def drop(self, shopper: Shopper) -> None:
        """Owe a shopper nothing any more."""
        if shopper.owed is not None:
            self._count(shopper, -1)
        shopper.owed = None
        self._void(shopper)

    def drop_partition(self, partition: Partition) -> None:
        """Owe nobody of an ended partition anything. Its entries stay until `compact` has removed them."""
        self._owed -= partition.owed
        partition.owed, self._sweeper.stale = 0, True

    def compact(self, entries: int) -> bool:
        """Look at so many entries for void ones; whether some of a dropped partition may be left. Until then they keep
        its sessions alive."""
        return self._sweeper.compact(entries)

    def advance(self, now_s: float) -> None:
        """File everyone whose timer has rung, as far as one look goes."""
        timers, self._looked_s, self.unfinished = self._timers, now_s, False
        for _ in range(LOOK_ENTRIES):
            entry = timers.first()
            if entry is None or entry[0] > now_s:
                return
            timers.pop()
            shopper = entry[3]
            owed = shopper.owed
            if owed is None or not counts(entry):
                continue
            due = self._due_s(shopper, owed)
            if due > now_s:  # events came since: they move what is due, but no timer, or each would cost a heap's turn
                timers.push(due, shopper)
            else:
                owed.due_s = due
                self._file(shopper, owed)
        self.unfinished = True

    def _count(self, shopper: Shopper, change: int) -> None:
        """Those of an ended partition count no more."""
        if not shopper.home.ended:
            self._owed += change
            shopper.home.owed += change

    def _void(self, shopper: Shopper) -> None:
        """The shopper leaves its place: what the heaps hold of it is void."""
        shopper.place += 1
        self._sweeper.step(self._owed)

    def _due_s(self, shopper: Shopper, owed: Owed) -> float:
        rested = shopper.rested_s if owed.call and not owed.attempts else None
        # A packed session has been quiet for long, or was read by an earlier owner.
        quiet_s = None if self._rhythm is None or shopper.packed else self._rhythm(shopper.session)
        return max(due_s(owed, rested, self._triggers, quiet_s), owed.not_before_s)

    def _arm(self, shopper: Shopper, owed: Owed) -> None:
        self._void(shopper)
        shopper.late_s = None
        self._timers.push(self._due_s(shopper, owed), shopper)

    def _refile(self, shopper: Shopper, owed: Owed, now_s: float, *, earlier: bool) -> None:
        if earlier:
            self._arm(shopper, owed)
        elif shopper.late_s is not None and now_s - shopper.late_s >= LATE_STEP_S:
            self._void(shopper)
            self._due.file_late(shopper, owed)

    def _file(self, shopper: Shopper, owed: Owed) -> None:
        if owed.call:
            self._due.file(shopper, owed)
        else:
            self._quiet.push(0.0, shopper)


def _anybody(_: Shopper, __: bool) -> bool:  # noqa: FBT001 # as whoever looks asks
    return True
