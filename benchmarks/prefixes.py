"""Prefixes: how much of a prompt its shopper's last one already said, so that a model server need not compute it. Pure.

Prompts are taken when the triggers ask for them, in event time. Beside ours stands a window that slides: the same
lines, of which the oldest goes with every new one.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks.intervals import NORMAL, Interval
from prompts.budget import BLOCK
from prompts.render import PromptRenderer
from prompts.tokens import Count
from streams.events.event import ShopperEvent
from streams.sessions.session import LATE, Session, SessionRules, fold
from streams.sessions.triggers import TriggerRules, Unsummarised, due_s, rested_s

GROWN = 10
"""Events that a session has once its prompts are expected to share nearly everything."""

_SHOPPER = "\nShopper\n"
"""After the last of these stands what is a shopper's own."""


@dataclass(slots=True)
class Shares:
    """Sums by shopper: prompts of one shopper are no independent trials."""

    sums: dict[str, list[float]] = field(default_factory=dict)

    def add(self, shopper: str, share: float) -> None:
        """One more prompt of a shopper."""
        entry = self.sums.setdefault(shopper, [0.0, 0.0])
        entry[0] += share
        entry[1] += 1

    @property
    def prompts(self) -> int:
        """How many there are."""
        return round(sum(count for _, count in self.sums.values()))

    def mean(self) -> Interval:
        """Over all prompts, with a 95 % interval by shoppers."""
        prompts = self.prompts
        middle = sum(total for total, _ in self.sums.values()) / prompts
        spread = math.sqrt(sum((total - middle * count) ** 2 for total, count in self.sums.values())) / prompts
        return Interval(middle, middle - NORMAL * spread, middle + NORMAL * spread)


@dataclass(slots=True)
class Prefixes:
    """What one way of keeping a window comes to: of a prompt's tokens, the share that the last prompt began with.

    `every` has all prompts but a shopper's first, the rest those of sessions with 10 events or more: all their tokens
    (`grown`), only whole blocks of 64 shared (`blocks`), without the part that all shoppers share (`history`). Those of
    `past_window` had seen more lines than the sliding window holds.
    """

    every: Shares = field(default_factory=Shares)
    grown: Shares = field(default_factory=Shares)
    blocks: Shares = field(default_factory=Shares)
    history: Shares = field(default_factory=Shares)
    past_window: Shares = field(default_factory=Shares)


class Follower:
    """Follows shoppers through their prompts, of which each is compared with the one before."""

    def __init__(self, renderer: PromptRenderer, count: Count, rules: SessionRules, longest: int) -> None:
        self._renderer, self._count, self._longest = renderer, count, longest
        self._rules = rules
        self._sessions: dict[str, Session] = {}
        self._last: dict[str, str] = {}
        self._constant = count(renderer.render(Session()).text.rpartition(_SHOPPER)[0]) + 2
        self.found = Prefixes()

    def fold(self, offset: int, event: ShopperEvent) -> bool:
        """Whether it changed the shopper's session."""
        session = self._sessions.setdefault(event.shopper_id, Session())
        return fold(session, event, offset, event.time_ms, self._rules) > LATE

    def ask(self, shopper: str) -> str:
        """The shopper's prompt now."""
        session = self._sessions[shopper]
        text = self._renderer.render(session).text
        own = text.rpartition(_SHOPPER)[2]
        last = self._last.get(shopper)
        self._last[shopper] = own
        if last is not None:
            self._compare(shopper, session, last, own)
        return text

    def _compare(self, shopper: str, session: Session, last: str, text: str) -> None:
        shared, whole = (self._constant + self._count(each) for each in (text[: common(last, text)], text))
        found = self.found
        found.every.add(shopper, shared / whole)
        if session.events >= GROWN:
            found.grown.add(shopper, shared / whole)
            found.blocks.add(shopper, shared // BLOCK * BLOCK / whole)
            found.history.add(shopper, (shared - self._constant) / (whole - self._constant))
        if session.height + session.dropped > self._longest:
            found.past_window.add(shopper, shared / whole)


def follow(
    events: Iterable[ShopperEvent], followers: Iterable[Follower], triggers: TriggerRules
) -> Iterator[tuple[str, str]]:
    """Let each follower see the events and ask when the triggers do; shopper and prompt of the first one's, as they
    come."""
    first, *others = followers
    owed: dict[str, Unsummarised] = {}
    rested: dict[str, float] = {}

    def ask(shopper: str, now_s: float) -> tuple[str, str]:
        del owed[shopper]
        rested[shopper] = rested_s(now_s, 0.0, triggers)
        for other in others:
            other.ask(shopper)
        return shopper, first.ask(shopper)

    for offset, event in enumerate(events):
        shopper, now_s = event.shopper_id, event.time_ms / 1e3
        if shopper in owed and (due := due_s(owed[shopper], rested.get(shopper), triggers)) <= now_s:
            yield ask(shopper, due)
        changed = [each.fold(offset, event) for each in (first, *others)]
        if changed[0]:
            _owe(owed, shopper, now_s, urgent=event.action in triggers.urgent)
    for shopper in list(owed):
        yield ask(shopper, owed[shopper].last_s)


def common(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _owe(owed: dict[str, Unsummarised], shopper: str, now_s: float, *, urgent: bool) -> None:
    if shopper in owed:
        owed[shopper].add(now_s)
    else:
        owed[shopper] = Unsummarised(first_s=now_s, last_s=now_s)
    if urgent and owed[shopper].urgent_s is None:
        owed[shopper].urgent_s = now_s
