"""People: how many pairs each labelled, whether they are right where it is known, and agree where it is not. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from penchant.offline.eval.agreement import kappa
from penchant.offline.labels.pairs import Label, LabelPair, agreed, latest


@dataclass(frozen=True, slots=True)
class Labeller:
    """How many pairs a person labelled, and how many of the gold ones among them as they are known to be."""

    who: str
    labels: int
    gold: int
    right: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cohen's kappa of two people, on the pairs that both labelled."""

    one: str
    other: str
    pairs: int
    kappa: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `decided` pairs were labelled by enough people."""

    pairs: int
    decided: int
    labellers: tuple[Labeller, ...]
    agreements: tuple[Agreement, ...]


def progress(pairs: Mapping[str, LabelPair], labels: Iterable[Label]) -> Progress:
    """Of all people, in order of their names; the labels are of these pairs."""
    said = list(latest(labels).values())
    by_person: dict[str, dict[str, str]] = {}
    for label in said:
        by_person.setdefault(label.who, {})[label.pair] = label.winner
    people = sorted(by_person)
    labellers = tuple(_labeller(who, by_person[who], pairs) for who in people)
    agreements = (_agreement(one, other, by_person[one], by_person[other]) for one, other in combinations(people, 2))
    known = tuple(each for each in agreements if each is not None)
    return Progress(len(pairs), len(agreed(pairs, said)), labellers, known)


def _labeller(who: str, winners: Mapping[str, str], pairs: Mapping[str, LabelPair]) -> Labeller:
    gold = [(pairs[id_].gold, winner) for id_, winner in winners.items() if pairs[id_].gold]
    return Labeller(who, len(winners), len(gold), sum(known == winner for known, winner in gold))


def _agreement(one: str, other: str, mine: Mapping[str, str], theirs: Mapping[str, str]) -> Agreement | None:
    shared = sorted(mine.keys() & theirs.keys())
    if not shared:
        return None
    return Agreement(one, other, len(shared), kappa([mine[each] for each in shared], [theirs[each] for each in shared]))
