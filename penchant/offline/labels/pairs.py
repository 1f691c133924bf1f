"""Pairs: two predictors' intents of one session, which people compare without knowing whose is whose; beside matches,
whose reasons they judge. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

from penchant.offline.labels.matches import LabelMatch
from streams.errors import SettingInvalid
from streams.records.intents import Findings

TIE = "tie"
ENOUGH = 2
"""How many people label a pair before what they say counts."""

OURS = ("pair", "shown", "judge", "flipped", "gold")
REMEDY = "take pairs.jsonl as `penchant eval --judge URL --report FOLDER` writes it"


@dataclass(frozen=True)
class LabelPair:
    """`texts` are the two intents as JSON, by predictor. `flipped`: a judge said one thing in one order and another
    thing in the other. `gold` is who is known to be right, empty where nobody is."""

    id: str
    shown: str
    texts: Mapping[str, str]
    flipped: bool = False
    gold: str = ""

    kind = "pairs"
    undecided = TIE

    @property
    def answers(self) -> tuple[str, ...]:
        """What a label may say."""
        return (*self.texts, TIE)

    @property
    def doubt(self) -> tuple[bool, bool]:
        """What makes it worth a label before others: judge and judge disagree, or the two predictors do."""
        return self.flipped, self.disagree

    def chosen(self, place: str, person: str) -> str | None:
        """Whom a person chose by `first` or `second`, as they saw them, or `tie`; None for anything else."""
        first, second = self.seen_by(person)
        return {"first": first, "second": second, TIE: TIE}.get(place)

    def seen_by(self, person: str) -> tuple[str, str]:
        """The predictors in the order in which a person sees them: by chance, and the same each time."""
        one, other = sorted(self.texts)
        coin = blake2b(f"{self.id}\0{person}".encode(), digest_size=1).digest()[0] & 1
        return (other, one) if coin else (one, other)

    @cached_property
    def findings(self) -> Mapping[str, Findings]:
        """The intents, by predictor."""
        return {name: Findings.load(text) for name, text in self.texts.items()}

    @cached_property
    def digest(self) -> str:
        """Tells it from another pair of the same id, which a later eval wrote over it."""
        whole = "\0".join((self.shown, *(part for pair in sorted(self.texts.items()) for part in pair)))
        return blake2b(whole.encode(), digest_size=8).hexdigest()

    @property
    def disagree(self) -> bool:
        """Whether the two name another mission, or another stage."""
        one, other = self.findings.values()
        return (one.mission.label, one.stage) != (other.mission.label, other.stage)


Labelled = LabelPair | LabelMatch
"""What people label; `pair` is the id of either."""


@dataclass(frozen=True, slots=True)
class Label:
    """Who won a pair, as a person has it: a predictor's name or `tie`; of a match `right`, `wrong` or `unclear`, what
    its reasons are. `digest` is the pair's, empty where it was written by hand."""

    pair: str
    winner: str
    who: str
    at_ms: int = 0
    digest: str = ""


def parse_pairs(rows: Iterable[Any]) -> dict[str, Labelled]:
    """Pairs by id, in order. SettingInvalid for a row that is none, with its number."""
    pairs: dict[str, Labelled] = {}
    for number, row in enumerate(rows, 1):
        try:
            pair = _pair(row)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise SettingInvalid(f"row {number} is no pair: {exc}", REMEDY) from exc
        pairs[pair.id] = pair
    return pairs


def is_match(row: Any) -> bool:
    """Whether a row is a match, or is to be one; else it is a pair."""
    return isinstance(row, Mapping) and "product" in row


def latest(labels: Iterable[Label]) -> dict[tuple[str, str], Label]:
    """What each person said of each pair last, by pair and person."""
    return {(label.pair, label.who): label for label in labels}


def of_these(labels: Iterable[Label], pairs: Mapping[str, Labelled]) -> list[Label]:
    """Those that were said of these very pairs."""

    def holds(label: Label) -> bool:
        pair = pairs.get(label.pair)
        return pair is not None and label.winner in pair.answers and label.digest in ("", pair.digest)

    return [label for label in labels if holds(label)]


def next_pair(pairs: Mapping[str, Labelled], labels: Iterable[Label], person: str) -> Labelled | None:
    """The one that a person is to label next; None after the last. First what too few have labelled: where judge and
    judge, or the two predictors, disagree, and of these what somebody has labelled already."""
    said = latest(labels)
    by_pair: dict[str, int] = {}
    for pair, _ in said:
        by_pair[pair] = by_pair.get(pair, 0) + 1
    left = [pair for pair in pairs.values() if (pair.id, person) not in said]

    def rank(pair: Labelled) -> tuple[bool, bool, bool, bool]:
        count = by_pair.get(pair.id, 0)
        flipped, disagree = pair.doubt
        return count >= ENOUGH, not flipped, not disagree, count == 0

    return min(left, key=rank, default=None)


def checked(pair: Labelled, place: str, person: str, at_ms: int = 0) -> Label:
    """A label for the button that a person pressed. SettingInvalid for none that the pair or match has."""
    winner = pair.chosen(place, person)
    if winner is None:
        buttons = "first, second or tie" if isinstance(pair, LabelPair) else "right, wrong or unclear"
        raise SettingInvalid(f"{place!r} says of {pair.id} nothing", f"it is {buttons}")
    return Label(pair.id, winner, person, at_ms, pair.digest)


def agreed(pairs: Mapping[str, Labelled], labels: Iterable[Label]) -> dict[str, str]:
    """The winner of each pair that enough people labelled: whom more than half of them chose, else `tie`;
    of a match what more than half say, else `unclear`."""
    votes: dict[str, list[str]] = {}
    for (pair, _), label in latest(labels).items():
        votes.setdefault(pair, []).append(label.winner)
    return {id_: _most(votes[id_], pair.undecided) for id_, pair in pairs.items() if len(votes.get(id_, ())) >= ENOUGH}


def _most(votes: Sequence[str], undecided: str) -> str:
    return next((vote for vote in votes if votes.count(vote) * 2 > len(votes)), undecided)


def _pair(row: Mapping[str, Any]) -> Labelled:
    if is_match(row):
        return LabelMatch.of(row)
    texts = {name: str(text) for name, text in row.items() if name not in OURS}
    if len(texts) != 2 or TIE in texts:
        raise ValueError(f"it has the intents of {', '.join(texts) or 'nobody'}, not of two predictors")
    gold = str(row.get("gold") or "")
    if gold and gold not in (*texts, TIE):
        raise ValueError(f"gold is {gold!r}, which is none of {', '.join(texts)}, {TIE}")
    for name, text in texts.items():
        try:
            Findings.load(text)
        except ValueError as exc:
            raise ValueError(f"what {name} says is no intent: {exc}") from exc
    return LabelPair(str(row["pair"]), str(row["shown"]), texts, row.get("flipped") is True, gold)
