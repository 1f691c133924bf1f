"""People: how many pairs and matches each labelled, whether they are right where that is known, and whether they agree.
Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from penchant.offline.eval.agreement import kappa
from penchant.offline.labels.matches import LabelMatch
from penchant.offline.labels.pairs import Label, Labelled, agreed, latest


@dataclass(frozen=True, slots=True)
class Labeller:
    """How many pairs a person labelled, and how many of the gold ones among them as they are known to be."""

    who: str
    labels: int
    gold: int
    right: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cohen's kappa of two people, on the pairs, or the matches, that both labelled: `kind` says which."""

    one: str
    other: str
    pairs: int
    kappa: float
    kind: str = "pairs"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `decided` pairs and matches were labelled by enough people. `reasons`: what these say of the
    matches' reasons, by answer, gold ones left out; empty where there are none."""

    pairs: int
    decided: int
    labellers: tuple[Labeller, ...]
    agreements: tuple[Agreement, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)


def progress(pairs: Mapping[str, Labelled], labels: Iterable[Label]) -> Progress:
    """Of all people, in order of their names; the labels are of these pairs."""
    said = list(latest(labels).values())
    by_person: dict[str, dict[str, str]] = {}
    for label in said:
        by_person.setdefault(label.who, {})[label.pair] = label.winner
    people = sorted(by_person)
    labellers = tuple(_labeller(who, by_person[who], pairs) for who in people)
    known = tuple(_agreements(by_person, pairs))
    winners = agreed(pairs, said)
    matches = [id_ for id_, pair in pairs.items() if isinstance(pair, LabelMatch) and not pair.gold]
    told = Counter(winners[id_] for id_ in matches if id_ in winners)
    reasons = {answer: told[answer] for answer in LabelMatch.answers} if matches else {}
    return Progress(len(pairs), len(winners), labellers, known, reasons)


def _agreements(by_person: Mapping[str, Mapping[str, str]], pairs: Mapping[str, Labelled]) -> Iterator[Agreement]:
    """Of each two people, on pairs and on matches apart: what these are given has nothing in common."""
    for one, other in combinations(sorted(by_person), 2):
        shared = sorted(by_person[one].keys() & by_person[other].keys())
        for kind in ("pairs", "matches"):
            if of_kind := [id_ for id_ in shared if pairs[id_].kind == kind]:
                mine, theirs = ([by_person[who][id_] for id_ in of_kind] for who in (one, other))
                yield Agreement(one, other, len(of_kind), kappa(mine, theirs), kind)


def _labeller(who: str, winners: Mapping[str, str], pairs: Mapping[str, Labelled]) -> Labeller:
    gold = [(pairs[id_].gold, winner) for id_, winner in winners.items() if pairs[id_].gold]
    return Labeller(who, len(winners), len(gold), sum(known == winner for known, winner in gold))
