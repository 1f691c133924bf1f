"""Labels: the pair that somebody is to compare next, or the match whose reasons they judge, and how far all are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from penchant.console.words import many, share
from penchant.offline.labels.matches import RIGHT, UNCLEAR, WRONG, LabelMatch
from penchant.offline.labels.pairs import TIE, Label, Labelled, LabelPair, next_pair
from penchant.offline.labels.people import progress
from prompts.words import describe
from streams.records.intents import Findings

PLACES = ("First", "Second")


def labels(pairs: Mapping[str, Labelled], said: Sequence[Label], who: str) -> dict[str, Any]:
    """Everything that the page shows. Of the predictors no name is there."""
    found, pair = progress(pairs, said), next_pair(pairs, said, who) if who else None
    left = len(pairs) - len({label.pair for label in said if label.who == who})
    return {
        "who": who,
        "left": f"{many(left, 'case')} {'is' if left == 1 else 'are'}",
        "decided": f"{found.decided:,} of {many(found.pairs, 'case')} were labelled by two people or more.",
        "pair": None if pair is None else {"id": pair.id, "digest": pair.digest, "shown": pair.shown},
        "sides": list(_sides(pair, who)) if isinstance(pair, LabelPair) else [],
        "match": pair if isinstance(pair, LabelMatch) else None,
        "buttons": list(_buttons(pair)),
        "labellers": found.labellers,
        "agreements": found.agreements,
        "reasons": found.reasons,
    }


def _buttons(pair: Labelled | None) -> Iterator[tuple[str, str, str]]:
    """The key, the answer that it gives, and its words."""
    if isinstance(pair, LabelMatch):
        yield from (
            ("1", RIGHT, "all are right"),
            ("2", WRONG, "one is wrong"),
            ("0", UNCLEAR, "unclear"),
        )
    elif pair is not None:
        yield from (("1", "first", "first is better"), ("2", "second", "second is better"), ("0", TIE, "neither"))


def _sides(pair: LabelPair, who: str) -> Iterator[dict[str, Any]]:
    for title, name in zip(PLACES, pair.seen_by(who), strict=True):
        found = pair.findings[name]
        facts = [(what, words) for what, words in _facts(found) if words]
        yield {"title": title, "sentence": describe(found), "facts": facts}


def _facts(found: Findings) -> Iterator[tuple[str, str]]:
    yield "Stage", found.stage
    yield "Categories", ", ".join(f"{each.name} {share(each.weight)}" for each in found.categories)
    yield "Brands", ", ".join(f"{each.name} {share(each.weight)}" for each in found.brands)
    if found.price_band is not None:
        yield (
            "Price",
            f"{found.price_band.low:,.2f} to {found.price_band.high:,.2f} {found.price_band.currency}".rstrip(),
        )
    yield "Attributes", ", ".join(f"{each.name}: {each.value}" for each in found.attributes)
    yield "Sure", str(share(found.confidence))
