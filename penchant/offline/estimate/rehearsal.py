"""Rehearsal: events in event time through the real fold, triggers, backlog and renderer. Pure.

A call only takes its time: no model is asked, nothing is written, and no offset committed.
"""

import itertools
import zlib
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import NamedTuple

from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from penchant.offline.estimate.prefixes import Prefixes
from penchant.offline.estimate.prompt_tokens import Measured, measure
from penchant.offline.estimate.rates import Rates
from penchant.offline.estimate.workload import Workload
from prompts.compose import compose
from prompts.render import PromptRenderer
from prompts.rules import rules
from prompts.tokens import Count, estimate
from prompts.view import PromptView
from prompts.vocabulary import Vocabulary
from storage.contexts import FIELDS
from storage.intents import intent_fields
from streams.events.event import ShopperEvent
from streams.sessions.packing import dump
from streams.sessions.session import DUPLICATE, LATE, MEANINGFUL, QUIET, REPEATED, SessionRules, fold
from streams.sessions.triggers import TriggerRules

PACKED = 2_000
"""Shoppers whose checkpoints are packed to see how large they are."""

SMALL_BYTES = 60
"""The other fields of a context: three numbers of a position, partition, erasure and the owner's name."""


class Arrived(NamedTuple):
    """An event where it stands in its topic; of a file the partition is 0 and the offset a count."""

    partition: int
    offset: int
    timestamp_ms: int
    event: ShopperEvent


class Rehearsal:
    """Takes events in the order of their times, each partition's in the order of its log.

    Every `each`th shopper's prompts are rendered, which is what takes long; `told` hears of each: when, and
    what. `count` counts tokens.
    As many calls run at once as are due; each takes as long as the rates say.
    """

    def __init__(
        self,
        session: SessionRules,
        triggers: TriggerRules,
        targets: BacklogRules,
        renderer: PromptRenderer,
        rates: Rates,
        *,
        each: int = 1,
        count: Count = estimate,
        told: Callable[[float, Measured], object] | None = None,
    ) -> None:
        self._session, self._rates, self._renderer = session, rates, renderer
        self._backlog = Backlog(triggers, targets)
        self._each, self._count, self._told = each, count, told
        self._prefixes = Prefixes()
        self._shoppers: dict[str, Shopper] = {}
        self._homes: dict[int, Partition] = {}
        self._asked: set[str] = set()
        self._running: list[tuple[float, int, Shopper]] = []
        self._sequence = itertools.count()
        self._began_s: float | None = None
        self._now_s = 0.0
        self._taken = (-1, -1)
        self.workload = Workload()

    def take(self, events: Iterable[Arrived]) -> None:
        """Fold these, and make the calls that become due meanwhile."""
        for arrived in events:
            self._take(arrived)

    def finish(self, vocabulary: Vocabulary) -> Workload:
        """What it came to. Calls that are owed at the end count: the events that ask for them do."""
        self._until(float("inf"))
        stored = self.workload.stored
        for shopper in list(self._shoppers.values())[:: max(len(self._shoppers) // PACKED, 1)]:
            stored.shoppers += 1
            stored.bytes += _checkpoint_bytes(shopper, vocabulary)
        return self.workload

    def _take(self, arrived: Arrived) -> None:
        event, work = arrived.event, self.workload
        time_ms = self._session.capped_ms(event.time_ms, arrived.timestamp_ms)
        at_s = max(self._now_s, time_ms / 1e3)
        if self._began_s is None:
            self._began_s = at_s
        self._until(at_s)
        self._now_s = at_s
        shopper = self._shopper(event.shopper_id, arrived.partition)
        place = arrived.partition, arrived.offset
        follows = place == self._taken
        began_ms, asked, clean = shopper.session.origin_ms, shopper.id in self._asked, shopper.clean
        outcome = fold(shopper.session, event, arrived.offset, arrived.timestamp_ms, self._session, follows=follows)
        if outcome is not REPEATED:
            self._taken = place
        work.seconds = at_s - self._began_s
        work.events += 1
        work.shoppers[event.shopper_id] += 1
        work.partitions[arrived.partition] += 1
        work.duplicates += outcome is DUPLICATE
        work.late += outcome is LATE
        if outcome < QUIET:
            return
        if asked and shopper.session.origin_ms == began_ms and not follows:
            work.followed += 1
            work.in_time += clean
        (self._asked.add if outcome is MEANINGFUL else self._asked.discard)(shopper.id)
        work.meaningful += outcome is MEANINGFUL
        work.sessions += shopper.session.events == 1
        self._backlog.note(shopper, at_s, action=event.action, call=outcome is MEANINGFUL, appended_ms=time_ms)

    def _shopper(self, name: str, partition: int) -> Shopper:
        if (known := self._shoppers.get(name)) is None:
            home = self._homes.setdefault(partition, Partition(partition, 0, 0.0))
            known = self._shoppers[name] = Shopper(name, home)
        return known

    def _until(self, end_s: float) -> None:
        """Let timers ring and calls end, up to then."""
        while True:
            wakes_s = self._backlog.wake_s()
            ends_s = self._running[0][0] if self._running else None
            next_s = min((at_s for at_s in (wakes_s, ends_s) if at_s is not None), default=None)
            if next_s is None or next_s > end_s:
                return
            self._now_s = max(self._now_s, next_s)
            while self._running and self._running[0][0] <= self._now_s:
                self._backlog.done(heappop(self._running)[2])
            while (shopper := self._backlog.next(self._now_s)) is not None or self._backlog.unfinished:
                if shopper is not None:
                    self._call(shopper)
            for quiet in self._backlog.quiet(self._now_s):
                self._backlog.take(quiet)
                self._backlog.done(quiet)

    def _call(self, shopper: Shopper) -> None:
        prompts, rates = self.workload.prompts, self._rates
        self.workload.calls += 1
        if zlib.crc32(shopper.id.encode()) % self._each == 0 or not prompts.rendered:
            prompt = measure(self._renderer.render(shopper.session).text, self._count)
            reuse = self._prefixes.learn(shopper.id, prompt)
            prompts.rendered += 1
            prompts.length += reuse.length
            prompts.cached += reuse.cached
            prompts.shared += reuse.shared
            if self._told is not None:
                self._told(self._now_s, prompt)
        length, cached, shared = (sum_ / prompts.rendered for sum_ in (prompts.length, prompts.cached, prompts.shared))
        took_s = rates.call_s(length, cached, round(rates.batch(length, shared) * rates.busy))
        heappush(self._running, (self._now_s + took_s, next(self._sequence), shopper))


def _checkpoint_bytes(shopper: Shopper, vocabulary: Vocabulary) -> int:
    """What Redis would hold for a shopper, without its own bookkeeping; the intent is the one by rules."""
    view = PromptView.of(shopper.session)
    intent = compose(
        rules(view, vocabulary),
        view,
        shopper=shopper.id,
        source="rules",
        position=f"0:{shopper.session.folded}:0",
        written_at_ms=shopper.session.last_ms,
    )
    shown = sum(len(name) + len(value.encode()) for name, value in intent_fields(intent).items())
    context = len(dump(shopper.session)) + sum(map(len, FIELDS)) + SMALL_BYTES
    return context + shown + len(intent.dump())
