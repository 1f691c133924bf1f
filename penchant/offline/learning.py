"""Learning: what the shoppers of a recording teach, at once, as it goes, or by folds."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zlib import crc32

from agents.learning.predictors import read_predictor
from prompts.learned.counts import Day, Totals, day_of
from prompts.learned.foresight import Foresight
from prompts.learned.lessons import gaps, lessons
from prompts.learned.predictor import Predictor
from prompts.learned.snapshot import SUPPORT, Snapshot, load, snapshot
from streams.errors import SettingInvalid
from streams.events.event import ShopperEvent
from streams.sessions.session import QUIET, Session, SessionRules, fold

REFRESHED_MS = 600_000
"""How often a snapshot is made as it goes, by event time: a recording of hours is too short for a worker's hour."""


Train = Callable[[Sequence[ShopperEvent]], Predictor]
"""Makes a predictor of what shoppers did."""


class Foresights(Protocol):
    """Which snapshot counts for a shopper's cut, whose last event has a time in epoch milliseconds, and which predictor
    if there are any. `what` is for reports."""

    @property
    def what(self) -> dict[str, object]: ...

    def at(self, shopper: str, time_ms: int) -> Foresight | None: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """One snapshot for everybody."""

    foresight: Foresight

    @property
    def what(self) -> dict[str, object]:
        """Its name, and how many shoppers support what is in it."""
        learned = self.foresight.learned
        predictor = self.foresight.predictor
        by = {"by": "snapshot", "snapshot": learned.name, "support": learned.support}
        return by | ({"predictor": predictor.name} if predictor else {})

    def at(self, shopper: str, time_ms: int) -> Foresight:  # noqa: ARG002 # a Foresights
        """The one."""
        return self.foresight


class AsItGoes:
    """Snapshots of what lies before a cut, by all shoppers."""

    def __init__(self, events: Iterable[ShopperEvent], support: int = SUPPORT, shelf: Sequence[str] = ()) -> None:
        self._from_ms: list[int] = []
        self._foresights: list[Foresight] = []
        self.what: dict[str, object] = {"by": "what lies before each cut", "support": support}
        teacher = Teacher()
        for event in _in_order(events):
            start_ms = event.time_ms - event.time_ms % REFRESHED_MS
            if teacher.last_ms and start_ms > teacher.last_ms:
                self._from_ms.append(start_ms)
                self._foresights.append(Foresight(teacher.snapshot(support, shelf)))
            teacher.see(event)

    def at(self, shopper: str, time_ms: int) -> Foresight | None:  # noqa: ARG002 # a Foresights
        """By the last snapshot before that time; None before the first."""
        number = bisect_right(self._from_ms, time_ms)
        return self._foresights[number - 1] if number else None


class Folds:
    """Shoppers in so many parts, by a checksum of their id; each part is foreseen by what the others teach, and by a
    predictor of theirs where one is to be trained. Those who teach never saw `unseen` of all products."""

    def __init__(
        self,
        events: Sequence[ShopperEvent],
        folds: int,
        support: int = SUPPORT,
        train: Train | None = None,
        shelf: Sequence[str] = (),
        unseen: float = 0.0,
    ) -> None:
        self._foresights = []
        taught = [event for event in events if not any(_drawn(item.id, unseen) for item in event.items)]
        for part in range(folds):
            others = [event for event in taught if _part(event.shopper_id, folds) != part]
            self._foresights.append(Foresight(learn(others, support, shelf), train(others) if train else None))
        self.what: dict[str, object] = {"by": f"{folds} folds by shopper", "support": support}
        self.what |= {"categories_of_products": len(shelf)} if shelf else {}
        self.what |= {"products_unseen": unseen} if unseen else {}
        if train:
            self.what["predictor"] = "trained on the other folds"

    def at(self, shopper: str, time_ms: int) -> Foresight:  # noqa: ARG002 # a Foresights
        """By the shoppers of the other parts."""
        return self._foresights[_part(shopper, len(self._foresights))]


class Teacher:
    """Folds events as a worker does, and counts what they teach."""

    def __init__(self, rules: SessionRules | None = None) -> None:
        self._rules = rules or SessionRules()
        self._sessions: dict[str, Session] = {}
        self._days: dict[int, Day] = {}
        self._offset = 0
        self.last_ms = 0

    def see(self, event: ShopperEvent) -> None:
        """One more event, no earlier than those before."""
        session = self._sessions.setdefault(event.shopper_id, Session())
        self._offset += 1
        self.last_ms = event.time_ms
        if fold(session, event, self._offset, event.time_ms, self._rules) >= QUIET:
            number = day_of(event.time_ms)
            self._days.setdefault(number, Day(number)).teach(event.shopper_id, [*lessons(session), *gaps(session)])

    def snapshot(self, support: int, shelf: Sequence[str] = ()) -> Snapshot:
        """What is known now, as of the last event's hour, with the categories of the shop's products."""
        totals = Totals()
        for number in sorted(self._days):
            totals = totals.after(self._days[number])
        return snapshot(totals, self.last_ms, support, shelf=shelf)


def learn(events: Iterable[ShopperEvent], support: int = SUPPORT, shelf: Sequence[str] = ()) -> Snapshot:
    """What the shoppers teach, and the categories of the shop's products. Raises SettingInvalid where that is
    nothing."""
    teacher = Teacher()
    for event in _in_order(events):
        teacher.see(event)
    learned = teacher.snapshot(support, shelf)
    if not any(rows for table, rows in learned.tables.items() if table != "gap_after"):
        raise SettingInvalid(
            f"no category, brand or price of the file has {support} shoppers", "a longer recording has some"
        )
    return learned


def foresights(
    file: Path | None,
    folds: int,
    support: int,
    predictor: Path | None = None,
    train: Train | None = None,
    shelf: Sequence[str] = (),
    unseen: float = 0.0,
) -> Callable[[Sequence[ShopperEvent]], Foresights]:
    """By a snapshot's file, by folds, or else as it goes. Raises SettingInvalid for a file that is no snapshot or no
    predictor."""
    if file is not None and folds:
        raise SettingInvalid("a snapshot and folds cannot both be used", "leave out --learned or --folds")
    if predictor is not None and file is None:
        raise SettingInvalid("a predictor needs the snapshot that it puts in order", "add --learned")
    if train is not None and not folds:
        raise SettingInvalid("a predictor cannot be judged by the shoppers that it learned from", "add --folds 5")
    if unseen and not folds:
        raise SettingInvalid("products are unseen by those who teach, and nobody was told apart", "add --folds 5")
    if file is not None and shelf:
        raise SettingInvalid("a snapshot has its products' categories", "give --products to penchant learn")
    if file is not None:
        fixed = Fixed(Foresight(load(_read(file)), read_predictor(predictor) if predictor else None))
        return lambda _: fixed
    if folds:
        return lambda events: Folds(events, folds, support, train, shelf, unseen)
    return lambda events: AsItGoes(events, support, shelf)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise SettingInvalid(f"{file} cannot be read: {exc.strerror}", "make it with penchant learn") from exc


def _in_order(events: Iterable[ShopperEvent]) -> list[ShopperEvent]:
    return sorted(events, key=lambda event: event.time_ms)


def _drawn(product: str, share: float) -> bool:
    """Whether a product is in a share of all, by its id."""
    return share > 0 and crc32(f"unseen\n{product}".encode()) < share * 2**32


def _part(shopper: str, parts: int) -> int:
    return crc32(shopper.encode()) % parts
