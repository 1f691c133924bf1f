"""Proposing: values of attributes that a catalogue has and the vocabulary lacks, with what shows them. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from prompts.guard import clean
from prompts.products.asking import QUOTE, VALUE, words
from prompts.products.grounding import OF_PERSONS
from prompts.products.traits import names_a_trait
from prompts.vocabulary import Vocabulary
from streams.records.products import Product

QUOTES = 3
"""The most quotes of a candidate, each of another product."""

READ = 4_000
"""Characters of a product's text that are looked at."""

COMMON = 0.25
"""A word of a larger share of the products tells none of them apart."""

OF_THINGS = frozenset({"black", "single", "white"})
"""Words of traits that a value may be: they name things far more often."""

OF_SEX = words([
    "woman women womens man men mens male female lady ladies girl girls boy boys gents frau frauen mann männer damen",
    "herren mädchen jungen junge",
])  # fmt: skip
"""For whom a product is: such words are facts of the attribute `audience`, and no values to close another with."""

_SHORTEST = 3
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_PART = r"[^\W_][\w-]*"
_PAIR = re.compile(rf"\b([^\W\d_]{{2,24}})\s*[:=]\s*({_PART}(?: {_PART}){{0,2}})(?![\w-]|\s*[:=])")
_EMPTY = words([
    "the and for with from this that your you our its are was not all any can has have will into over more most than",
    "der die das und für mit von aus dem den des ein eine einer eines ist sind nicht auch oder zum zur bei auf",
    "new set pack pcs piece pieces inch inches two three four six",
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that so many products' texts have. `attribute` is empty where nothing names it yet; of a name that the
    vocabulary has not, `value` is empty."""

    attribute: str
    value: str
    products: int
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Of a sample of so many products: values, those of an attribute first, the most frequent first; and `names` that
    texts give values to (`Sleeve: long`) and that are no attribute."""

    products: int
    values: tuple[Candidate, ...]
    names: tuple[Candidate, ...]


def proposal(products: Sequence[Product], vocabulary: Vocabulary, least: int, most: int) -> Proposal:
    """What at least `least` of the products have in title or description, at most `most` values and names each. What
    people wrote in reviews proposes nothing, and so do words of traits, brands and categories."""
    texts = [_text(product) for product in products]
    pairs = Counter(pair for text in texts for pair in set(_pairs(text)))
    of_names = {pair: many for pair, many in pairs.items() if many >= least and pair[0] in vocabulary.attributes}
    named = [pair for pair in of_names if may_be(vocabulary, *pair)]
    taken = _known(products, vocabulary) | words(value for _, value in named)
    counts = Counter(word for text in texts for word in set(_words(text)))
    common = max(least, COMMON * len(products))
    loose = [("", word) for word, many in counts.items() if least <= many <= common and word not in taken]
    many = pairs | Counter({("", word): count for word, count in counts.items()})
    ordered = sorted([*named, *loose], key=lambda pair: (not pair[0], -many[pair], pair))[:most]
    strange = Counter(name for text in texts for name in {name for name, _ in _pairs(text)} - {*vocabulary.attributes})
    names = [(name, "") for name, count in strange.most_common(most) if count >= least and not _names_a_person(name)]
    shown = _quotes(texts, {*ordered, *names})
    return Proposal(
        len(products),
        tuple(Candidate(*pair, many[pair], shown[pair]) for pair in ordered),
        tuple(Candidate(*pair, strange[pair[0]], shown[pair]) for pair in names),
    )


def may_be(vocabulary: Vocabulary, attribute: str, value: str) -> bool:
    """Whether a value may be proposed for an attribute, or accepted: it is not there yet, and tells of no person."""
    return value not in vocabulary.attributes.get(attribute, ()) and not of_a_person(attribute, value)


def of_a_person(attribute: str, value: str) -> bool:
    """Whether the attribute says for whom a product is, or the value names a trait."""
    return attribute in OF_PERSONS or _names_a_person(value)


def _names_a_person(text: str) -> bool:
    said = words([text]) - OF_THINGS
    return not OF_SEX.isdisjoint(said) or names_a_trait(*said)


def _text(product: Product) -> str:
    """Title and description in one line; sellers' HTML entities are what they stand for."""
    return clean(unescape(" | ".join(filter(None, (product.title, product.description)))[:READ]), READ)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Names and values such as `Color: blue`, in small letters."""
    for found in _PAIR.finditer(text):
        name, value = found[1].casefold(), found[2].casefold()
        if len(value) <= VALUE:
            yield name, value


def _words(text: str) -> Iterator[str]:
    """Words that may be values, in small letters."""
    for found in _WORD.finditer(text):
        word = found[0].casefold()
        if _SHORTEST <= len(word) <= VALUE and not _names_a_person(word):
            yield word


def _known(products: Iterable[Product], vocabulary: Vocabulary) -> frozenset[str]:
    """Words that are no candidates: those of the vocabulary, of brands and of categories, and empty ones."""
    of_rows = words(text for product in products for text in (product.brand, product.category))
    of_rows |= {word.removesuffix("s") for word in of_rows}  # kettles, a category, are a kettle in titles
    values = frozenset(value for values in vocabulary.attributes.values() for value in values)
    return _EMPTY | of_rows | values | words(vocabulary.attributes) | vocabulary.spoken


def _quotes(texts: Iterable[str], wanted: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Of each candidate, the words around it in the first texts that have it."""
    shown: dict[tuple[str, str], tuple[str, ...]] = dict.fromkeys(wanted, ())
    for text in texts:
        here: dict[tuple[str, str], int] = {}
        for found in _WORD.finditer(text):
            here.setdefault(("", found[0].casefold()), found.start())
        for found in _PAIR.finditer(text):
            here.setdefault((found[1].casefold(), found[2].casefold()), found.start())
            here.setdefault((found[1].casefold(), ""), found.start())
        for pair in here.keys() & wanted:
            if len(shown[pair]) < QUOTES:
                shown[pair] = (*shown[pair], _around(text, here[pair]))
    return shown


def _around(text: str, at: int) -> str:
    """The whole words from a little before a place on, at most as long as a quote."""
    start = max(at - QUOTE // 3, 0)
    if start:
        start = min(text.find(" ", start) + 1 or at, at)
    piece = text[start : start + QUOTE]
    return (piece if start + QUOTE >= len(text) else piece.rpartition(" ")[0]).strip()
