"""Catalogue: a small shop of invented products, so that simulated shoppers have something to want. Pure and seeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, log
from random import Random

from streams.events.event import Item

CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What products of a category are made of. Prices lie between `low` and `high`, most of them in the lower half."""

    thing: str
    brands: Sequence[str]
    looks: Sequence[str]
    features: Sequence[str]
    low: float
    high: float


def _shelf(thing: str, brands: str, looks: str, features: str, low: float, high: float) -> Shelf:
    return Shelf(thing, brands.split(", "), looks.split(", "), features.split(", "), low, high)


SHELVES: Mapping[str, Shelf] = {
    "home/kitchen/kettles": _shelf(
        "Kettle", "Brivane, Kettermoor, Ostrellan", "Brushed Steel, Matt Black, Glass, Cream, Copper",
        "1.7 l, 1.0 l Travel, with Temperature Control, Quiet Boil, Gooseneck", 19, 119,
    ),
    "home/kitchen/coffee-makers": _shelf(
        "Coffee Maker", "Brivane, Morrowick, Talvenni", "Compact, Stainless, Retro Red, Black, Barista",
        "with Grinder, for Capsules, Filter 12 Cups, with Milk Frother, with Timer", 35, 420,
    ),
    "home/living/candles": _shelf(
        "Scented Candle", "Lumewick, Fennholt, Solvanne", "Cedar, Fig, Vanilla, Sea Salt, Winter Spice",
        "in Glass, Set of 3, 60 Hours, Gift Box, Travel Tin", 9, 48,
    ),
    "home/office/desk-lamps": _shelf(
        "Desk Lamp", "Lumewick, Arkhelm, Nordmarr", "White, Brass, Black, Oak, Clamp-on",
        "Dimmable, with Wireless Charging, USB, Architect Arm, with Daylight Mode", 18, 160,
    ),
    "home/office/chairs": _shelf(
        "Office Chair", "Arkhelm, Sedalune, Veltoro", "Mesh, Leather-Look, Grey Fabric, Slim, High-Back",
        "with Headrest, with Lumbar Support, Foldable Arms, on Castors, for Tall People", 79, 540,
    ),
    "sports/running-shoes": _shelf(
        "Running Shoes", "Fleetra, Strovane, Kestrun", "Women's, Men's, Wide, Lightweight, Trail",
        "Cushioned, for Long Distance, Waterproof, with Carbon Plate, for Beginners", 49, 240,
    ),
    "sports/camping/tents": _shelf(
        "Tent", "Ridgemoor, Wildren, Campello", "1-Person, 2-Person, 4-Person, Family, Ultralight",
        "Pop-up, with Porch, Four-Season, Blackout, for Festivals", 39, 480,
    ),
    "sports/bags/backpacks": _shelf(
        "Backpack", "Ridgemoor, Strovane, Packwell", "20 l, 35 l, 55 l, Roll-Top, School",
        "with Laptop Sleeve, Rain Cover, for Hiking, Anti-Theft, Carry-on", 24, 190,
    ),
    "clothing/costumes": _shelf(
        "Costume", "Maskerella, Fablewear, Jestavia", "Elven Cloak, Pirate, Astronaut, Vampire, Witch",
        "Velvet, with Wig, for Children, Plus Size, Deluxe", 15, 95,
    ),
    "jewellery/necklaces": _shelf(
        "Necklace", "Orlissa, Selune & Daughters, Aurivette", "Silver, Gold-Plated, Pearl, Rose Gold, Beaded",
        "with Moon Pendant, with Initial, Layered, with Birthstone, Choker", 22, 310,
    ),
    "toys/board-games": _shelf(
        "Board Game", "Tabletide, Dicemoor, Quillfox", "Family, Two-Player, Co-operative, Party, Travel",
        "for Ages 8+, with Dragons, about Trains, Word Edition, Murder Mystery", 12, 79,
    ),
    "electronics/audio/headphones": _shelf(
        "Headphones", "Sonavelle, Hushmark, Tonalis", "Wireless, In-Ear, Over-Ear, Sports, Studio",
        "with Noise Cancelling, 40 h Battery, Foldable, with Microphone, Waterproof", 25, 390,
    ),
}  # fmt: skip
"""Category path to shelf. No brand here is a real one, as far as we know."""


class Catalogue:
    """The products on offer, 12 to 900 of them, all with a title and an id of their own."""

    def __init__(self, seed: int = 1, size: int = 300) -> None:
        random = Random(seed)
        per_shelf, more = divmod(size, len(SHELVES))
        self.items: list[Item] = []
        self.by_category: dict[str, Sequence[Item]] = {}
        for number, (category, shelf) in enumerate(SHELVES.items()):
            stock = _stock(random, category, shelf, per_shelf + (number < more), first=len(self.items))
            self.by_category[category] = stock
            self.items += stock


def _stock(random: Random, category: str, shelf: Shelf, count: int, first: int) -> Sequence[Item]:
    """Products in `count` different makings. At most 75 differ on a shelf of three brands, five looks and features."""
    makings = list(product(shelf.brands, shelf.looks, shelf.features))
    return [
        Item(
            id=f"p{first + number:04d}",
            title=f"{brand} {look} {shelf.thing} {feature}",
            category=category,
            brand=brand,
            price=_price(random, shelf),
            currency=CURRENCY,
        )
        for number, (brand, look, feature) in enumerate(random.sample(makings, count))
    ]


def _price(random: Random, shelf: Shelf) -> float:
    """A price that ends in .99, as they do."""
    return int(exp(random.uniform(log(shelf.low), log(shelf.high)))) + 0.99
