"""Ranking requests out of recorded shop events, each with what could be known at its moment and nothing later.

A request is the moment before a shopper looks at an item that is new to their session. Its candidates are that item and
others that were looked at about as often until then, so that popularity alone tells nothing. Its intents are the rules'
own, each made of the session's events up to one of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from msgspec import structs
from penchant_reader import ALL, Candidate, ReadIntent
from penchant_reader.decoding import decode
from penchant_reader.intent import ignore

from penchant.offline.learning import AsItGoes, Foresights
from prompts.learned.foresight import Foresight
from prompts.rules import rules
from storage.intents import hot_fields
from streams.events.event import Item, ShopperEvent
from streams.records.intents import Intent, Window
from streams.sessions.session import MEANINGFUL, QUIET, Session, SessionRules, fold

NEGATIVES = 49
STALE_BY = 3
"""A stale intent lacks so many of the latest events."""

RULES = SessionRules()


@dataclass(frozen=True, slots=True)
class Request:
    """`candidates[0]` is the item that was looked at next; `counts` say how often each was looked at before.

    `last` is the latest item of the session, `intents` those made after each of its latest events, the last one last.
    """

    session: str
    began_ms: int
    time_ms: int
    candidates: Sequence[Candidate]
    counts: Sequence[int]
    last: Candidate
    intents: Sequence[ReadIntent]

    def intent(self, state: str) -> ReadIntent | None:
        """The one that a ranker would read: `fresh`, `stale` or `missing`; None where there is no stale one."""
        if state == "missing":
            return ReadIntent(self.session)
        late = STALE_BY if state == "stale" else 0
        return self.intents[-1 - late] if len(self.intents) > late else None


@dataclass(slots=True)
class Visit:
    """A shopper's open session, the items in it and the intents so far."""

    session: Session = field(default_factory=Session)
    name: str = ""
    seen: dict[str, Item] = field(default_factory=dict)
    intents: list[ReadIntent] = field(default_factory=list)


def requests(events: Iterable[ShopperEvent], seed: int = 1, *, learned: bool = False) -> Iterator[Request]:
    """The requests in a recording, in the order of time. The same recording and seed give the same requests. With
    `learned` the rules of each intent know what the shoppers before it taught."""
    log = sorted(events, key=lambda event: event.time_ms)
    taught = AsItGoes(log) if learned else None
    shelves, random = Shelves(log), Random(seed)
    visits: dict[str, Visit] = defaultdict(Visit)
    for offset, event in enumerate(log):
        visit = visits[event.shopper_id]
        if request := _request(visit, event, shelves, random):
            yield request
        _take(visit, event, offset, taught)
        for item in event.items:
            shelves.looked_at(item.id)


class Shelves:
    """The catalogue, which a shop knows beforehand, and how often each item was looked at so far."""

    def __init__(self, log: Sequence[ShopperEvent]) -> None:
        self.candidates: dict[str, Candidate] = {}
        for item in (item for event in log for item in event.items):
            self.candidates.setdefault(item.id, _candidate(item))
        self.counts = dict.fromkeys(self.candidates, 0)
        self._shelves: dict[int, list[str]] = {0: list(self.candidates)}
        self._places = {item: at for at, item in enumerate(self.candidates)}

    def looked_at(self, item: str) -> None:
        """Count a look, and move the item to another shelf when it is due."""
        before = self.counts[item].bit_length()
        self.counts[item] += 1
        if self.counts[item].bit_length() != before:
            self._remove(item, before)
            shelf = self._shelves.setdefault(before + 1, [])
            self._places[item] = len(shelf)
            shelf.append(item)

    def alike(self, item: str, without: Iterable[str], random: Random) -> list[str]:
        """Others that were looked at about as often: between two powers of two."""
        shelf, refused = self._shelves[self.counts[item].bit_length()], {item, *without}
        drawn = random.sample(shelf, min(len(shelf), NEGATIVES + len(refused)))
        return [other for other in drawn if other not in refused][:NEGATIVES]

    def _remove(self, item: str, number: int) -> None:
        shelf, at = self._shelves[number], self._places[item]
        shelf[at] = shelf[-1]
        self._places[shelf[at]] = at
        shelf.pop()


def _request(visit: Visit, event: ShopperEvent, shelves: Shelves, random: Random) -> Request | None:
    session = visit.session
    if event.action != "view" or not visit.intents or event.time_ms > session.last_ms + RULES.gap_s * 1e3:
        return None
    item = event.items[0].id
    if item in visit.seen:
        return None
    alike = shelves.alike(item, visit.seen, random)
    if len(alike) < NEGATIVES:
        return None
    shown = [item, *alike]
    last = next(reversed(visit.seen.values()))
    return Request(
        visit.name, session.origin_ms, event.time_ms, [shelves.candidates[each] for each in shown],
        [shelves.counts[each] for each in shown], _candidate(last),
        [intent.at(event.time_ms) for intent in visit.intents[-1 - STALE_BY :]],
    )  # fmt: skip


def _take(visit: Visit, event: ShopperEvent, offset: int, taught: Foresights | None) -> None:
    if fold(visit.session, event, offset, event.time_ms, RULES) not in (MEANINGFUL, QUIET):
        return
    if visit.session.events == 1:
        visit.name, visit.seen, visit.intents = f"{event.shopper_id}/{offset}", {}, []
    for item in event.items:
        visit.seen.pop(item.id, None)
        visit.seen[item.id] = item
    foresight = taught.at(event.shopper_id, event.time_ms) if taught else None
    visit.intents.append(_intent(event.shopper_id, visit.session, offset, foresight))


def _intent(shopper: str, session: Session, offset: int, foresight: Foresight | None) -> ReadIntent:
    """The rules' intent as a reader decodes it."""
    found = rules(session, learned=foresight)
    window = Window(from_ms=session.origin_ms, to_ms=session.last_ms, events=session.events)
    intent = Intent(
        **structs.asdict(found), shopper=shopper, window=window, as_of_ms=session.last_ms,
        written_at_ms=session.last_ms, source="rules", position=f"0:{offset}:0",
    )  # fmt: skip
    held = {**hot_fields(intent), "position": intent.position, "doc": intent.dump().decode()}
    values = [held[name].encode() if name in held else None for name in ALL]
    return decode(shopper, values, session.last_ms, ignore)


def _candidate(item: Item) -> Candidate:
    return Candidate(item.id, item.category or "", item.brand or "", item.price)
