"""Product: a row of a shop's catalogue, as a seller wrote it, and what is found in it."""

from dataclasses import dataclass

from streams.records.cards import Card, Property, Segment


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a shop does for a product for a while: its name, and when it ends in epoch milliseconds; None: no end is
    known."""

    name: str
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """`category` is a path with slashes, broadest part first; `price` is in `currency`. `image_url` is a seller's, and
    goes to no model server. Empty or None: not given."""

    id: str
    title: str = ""
    description: str = ""
    reviews: tuple[str, ...] = ()
    category: str = ""
    brand: str = ""
    price: float | None = None
    currency: str = ""
    image_url: str = ""
    campaign: Campaign | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A property, and the words of the product's text that show it. `parts` is how many parts of a long text say it."""

    property: Property
    quote: str
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Interest:
    """A need that the product may meet, and the words of its text that show it."""

    segment: Segment
    quote: str
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Understood:
    """What is known of a product: the most often said first. `line` is what prompts tell of it, `removed` counts what
    an answer said that the text does not bear out, by kind, `refused` the parts whose answer was none. `image` says
    whether the product's image was seen: `seen`, or `text alone` with the reason; empty where it names none."""

    product: str
    facts: tuple[Fact, ...]
    interests: tuple[Interest, ...]
    card: Card
    line: str
    removed: tuple[str, ...] = ()
    refused: int = 0
    image: str = ""
