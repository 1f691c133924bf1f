"""Cases: recorded sessions cut in two, what is shown to a predictor and what is hidden from it. Pure.

A recording is folded as a worker folds it, by event time. Every event after the first few of a session is a cut: what
came before is shown, what comes after is hidden. What other shoppers did before the cut is shown as well, counted.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from penchant.offline.eval.population import PopulationCounter, PopulationStats
from prompts.guard import BRAND, CATEGORY, clean
from prompts.view import PromptView
from streams.events.event import ShopperEvent
from streams.sessions.session import MEANINGFUL, QUIET, Session, SessionRules, fold

LEAST = 2
"""Events that are shown at least."""


class Step(NamedTuple):
    """One thing that a shopper did. The item's details are empty, its price zero, where the event does not tell."""

    action: str
    item: str = ""
    category: str = ""
    brand: str = ""
    price: float = 0.0


class Shown(NamedTuple):
    """All that a predictor sees."""

    view: PromptView
    population: PopulationStats

    @property
    def last_category(self) -> str:
        """The category of the last product that tells one."""
        numbers = (entry.product.category for entry in reversed(self.view.entries) if entry.product)
        number = next(filter(None, numbers), 0)
        return self.view.categories[number - 1] if number else ""


@dataclass(frozen=True, slots=True)
class Case:
    """One cut. `visit` numbers the session; `following` is the very next thing done, `unseen` the first thing done
    with an item that is not in the window, None where there is none before the session ends."""

    visit: int
    shown: Shown
    following: Step
    unseen: Step | None
    shopper: str = ""


@dataclass(frozen=True, slots=True)
class Cases:
    """The cuts of `visits` sessions, and everything that anybody did, to draw chance from."""

    cases: tuple[Case, ...]
    visits: int
    pool: tuple[Step, ...]


class _Moment(NamedTuple):
    visit: tuple[str, int]
    step: Step
    shown: Shown | None


def cases(events: Sequence[ShopperEvent], most: int, seed: int, rules: SessionRules | None = None) -> Cases:
    """Cut at most so many sessions, drawn at random when there are more. Crowds are counted over all of them."""
    rules = rules or SessionRules()
    in_order = sorted(events, key=lambda event: event.time_ms)
    lengths: dict[tuple[str, int], int] = {}
    pool = []
    for moment in _moments(in_order, rules, frozenset()):
        lengths[moment.visit] = lengths.get(moment.visit, 0) + 1
        pool.append(moment.step)
    long = [visit for visit, length in lengths.items() if length > LEAST]
    chosen = frozenset(random.Random(seed).sample(long, most) if len(long) > most else long)
    visits: dict[tuple[str, int], list[_Moment]] = {}
    for moment in _moments(in_order, rules, chosen):
        if moment.visit in chosen:
            visits.setdefault(moment.visit, []).append(moment)
    cut = (case for number, visit in enumerate(visits.values()) for case in _cut(number, visit))
    return Cases(tuple(cut), len(visits), tuple(pool))


def shuffled(events: Sequence[ShopperEvent], seed: int) -> list[ShopperEvent]:
    """The same times and shoppers, but what is done at each is drawn from all shoppers: nothing foretells anything."""
    order = list(events)
    random.Random(seed).shuffle(order)
    return [
        ShopperEvent(done.event_id, slot.shopper_id, done.action, slot.time_ms, done.items, done.query)
        for slot, done in zip(events, order, strict=True)
    ]


def _moments(events: Iterable[ShopperEvent], rules: SessionRules, chosen: frozenset[object]) -> Iterator[_Moment]:
    """Each event that enters a session, with what is known right after it in the sessions that are asked for."""
    sessions: dict[str, Session] = {}
    numbers: dict[str, int] = {}
    population = PopulationCounter()
    for offset, event in enumerate(events):
        session = sessions.setdefault(event.shopper_id, Session())
        if fold(session, event, offset, event.time_ms, rules) not in {QUIET, MEANINGFUL}:
            continue
        first = session.events == 1
        number = numbers[event.shopper_id] = numbers.get(event.shopper_id, 0) + first
        visit, step = (event.shopper_id, number), _step(event)
        population.learn(event.shopper_id, step.action, step.category, step.brand, step.price, first=first)
        shown = Shown(PromptView.of(session), population.stats_after(step.action)) if visit in chosen else None
        yield _Moment(visit, step, shown)


def _cut(number: int, visit: Sequence[_Moment]) -> Iterator[Case]:
    for at in range(LEAST - 1, len(visit) - 1):
        shown = visit[at].shown
        if shown is None:
            raise AssertionError("a chosen session is shown")
        seen = set(shown.view.products)
        hidden = [moment.step for moment in visit[at + 1 :]]
        unseen = next((step for step in hidden if step.item and step.item not in seen), None)
        yield Case(number, shown, hidden[0], unseen, visit[at].visit[0])


def _step(event: ShopperEvent) -> Step:
    """What is done, to the first item of an event with several."""
    if not event.items:
        return Step(event.action)
    item = event.items[0]
    category, brand = clean(item.category or "", CATEGORY), clean(item.brand or "", BRAND)
    return Step(event.action, item.id, category, brand, item.price or 0.0)
