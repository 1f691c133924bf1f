"""Wording: which words of a text about a shopper nothing that is known of the shopper bears out.

A text may say less than the window, and it may say it in other grammar. It may not bring in a product, a brand, a
price or a currency. So every word must stand in the window, the profile, the list of missions or the rules' own text,
or be one of those that name nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import ceil, floor

from prompts.view import PromptView
from prompts.vocabulary import Vocabulary
from streams.records.intents import Findings

_FREE = """
a an the and or nor of for to in on at by with from between under below above over up about around after before than
then as is are was were be been being has have had having not no but also both all any some more most less least very
just only into out off per via while since during within without toward towards across among against his her hers
their theirs them they he she it its who which that this these those there one two three few many several various
different multiple similar same something anything everything nothing too beside besides once twice again still yet
even rather perhaps already now other others another each every shopper shoppers customer customers user users buyer
buyers visitor person someone somebody look looks looked looking search searches searched searching compare compares
compared comparing comparison want wants wanted wanting buy buys bought buying seek seeks seeking find finds finding
need needs needed needing view views viewed viewing see sees browse browses browsed browsing explore explores explored
exploring consider considers considered considering shop shops shopped shopping purchase purchases purchased
purchasing choose chooses choosing decide decides deciding settle settles settling check checks checking add adds
added adding order orders ordered ordering cart basket wishlist interest interests interested prefer prefers
preferring likely probably maybe ready intent intends focus focused product products item items thing things brand
brands category categories option options kind kinds type types price prices priced pricing range ranges budget cost
costs
"""
FREE = frozenset(_FREE.split())
"""Words that name nothing: function words, what shoppers do, and what shops have."""

CURRENCIES: dict[str, frozenset[str]] = {
    "\u20ac": frozenset({"eur"}),
    "euro": frozenset({"eur"}),
    "euros": frozenset({"eur"}),
    "\u00a3": frozenset({"gbp"}),
    "pounds": frozenset({"gbp"}),
    "\u00a5": frozenset({"jpy", "cny"}),
    "yen": frozenset({"jpy"}),
    "$": frozenset({"usd", "cad", "aud", "nzd", "sgd", "hkd", "mxn"}),
    "dollars": frozenset({"usd", "cad", "aud", "nzd", "sgd", "hkd"}),
}
"""Signs and words of a currency, with the codes that bear them out."""

_WORD = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[^\W_]+|[$\u20ac\u00a3\u00a5]")
_NUMBER = re.compile(r"[0-9.,]+")
_THOUSANDS = re.compile(r"[.,](?=[0-9]{3}(?![0-9]))")
_ENDINGS = ("ings", "ing", "ers", "ies", "er", "ed", "es", "en", "s", "e", "y", "n")
_SHORTEST_STEM = 3
_REMEMBERED = 8_192


def unknown_words(text: str, view: PromptView, rules_findings: Findings, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The words of `text` that neither the view, the vocabulary nor the rules' findings have, in its order. Words are
    compared by their stems, a number also with the price band."""
    said = _content(text)
    if not said:
        return ()
    general, own = _stems_of_all(vocabulary.labels, vocabulary.spoken), _own_stems(view)

    def holds(word: str) -> bool:
        if word in CURRENCIES:
            texts = (*_texts(view), rules_findings.mission.text, *vocabulary.labels, *vocabulary.spoken)
            return not {word, *CURRENCIES[word]}.isdisjoint(_words(" ".join(texts)))
        stem = _stem(word)
        if stem in general or any(stem in stems for stems in own) or _within_band(word, rules_findings):
            return True
        return stem in _stems(rules_findings.mission.text)  # last: hardly two shoppers have the same

    return tuple([word for word in said if not holds(word)])


@lru_cache(1_024)
def stems(text: str) -> frozenset[str]:
    """The words of a text that name something, without their endings."""
    return frozenset(map(_stem, _content(text)))


@lru_cache(1_024)
def _content(text: str) -> tuple[str, ...]:
    """Its words that name something; remembered, because an answer's are asked for twice."""
    return tuple([word for word in _words(text) if word not in FREE and not (len(word) == 1 and word.isalpha())])


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


@lru_cache(_REMEMBERED)
def _stems(text: str) -> frozenset[str]:
    """Of all its words; remembered, because many shoppers look at the same products."""
    return frozenset(map(_stem, _words(text)))


@lru_cache
def _stems_of_all(labels: Sequence[str], words: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*map(_stems, labels), *map(_stems, words))


def _own_stems(view: PromptView) -> list[frozenset[str]]:
    """The stems of everything that a prompt says of a shopper in words."""
    found = [_stems_of_product(product.title, product.about, product.price, product.currency)
             for product in view.described]  # fmt: skip
    found += [_stems(text) for texts in (view.queries, view.categories, view.brands) for text in texts]
    for counts in (view.profile, view.earlier):
        found += [_stems(name) for names in (counts.categories, counts.brands) for name, _ in names]
    return found


@lru_cache(_REMEMBERED)
def _stems_of_product(title: str, about: str, price: float, currency: str) -> frozenset[str]:
    return frozenset().union(*map(_stems, (title, about, currency, _told(price))))


def _told(price: float) -> str:
    """A price as a text may tell it, whole or with its cents."""
    return f"{price:.0f} {price:.2f}" if price else ""


def _texts(view: PromptView) -> Iterator[str]:
    """Everything that a prompt says of a shopper in words."""
    for product in view.described:
        yield from (product.title, product.about, product.currency, _told(product.price))
    yield from view.queries
    yield from view.categories
    yield from view.brands
    for counts in (view.profile, view.earlier):
        yield from _names(counts.categories)
        yield from _names(counts.brands)


def _names(counts: Iterable[tuple[str, int]]) -> Iterator[str]:
    return (name for name, _ in counts)


@lru_cache(_REMEMBERED)
def _stem(word: str) -> str:
    """A word without its ending, coarsely: `running` and `runner` are `run`, `batteries` and `battery` are `batter`. A
    number has none: 1100 is not 110."""
    if not word.isalpha():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word.removesuffix(ending)
            break
    return word[:-1] if word[-1:] == word[-2:-1] and len(word) > _SHORTEST_STEM else word


def _within_band(word: str, rules_findings: Findings) -> bool:
    """Whether a word is a price within the rules' band, give or take its cents."""
    band = rules_findings.price_band
    if band is None or not _NUMBER.fullmatch(word):
        return False
    price = _THOUSANDS.sub("", word).replace(",", ".")
    return price.count(".") <= 1 and floor(band.low) <= float(price) <= ceil(band.high)
