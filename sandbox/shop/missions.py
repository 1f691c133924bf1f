"""Missions: what simulated shoppers are out for."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.shop.catalogue import SHELVES


@dataclass(frozen=True, slots=True)
class Mission:
    """Where a shopper looks, what they type, what they would spend, and how often such a visit ends with an order."""

    label: str
    weight: int
    categories: Sequence[str]
    queries: Sequence[str]
    budget: float | None
    keen: float


MISSIONS = (
    Mission(
        label="gift under 50", weight=4, budget=50, keen=0.5,
        categories=("home/living/candles", "jewellery/necklaces", "toys/board-games"),
        queries=("birthday gift", "gift for mum", "gift under 50", "present for a friend", "gift box"),
    ),
    Mission(
        label="replace a kettle", weight=3, budget=90, keen=0.6,
        categories=("home/kitchen/kettles",),
        queries=("kettle", "electric kettle 1.7 l", "quiet kettle", "kettle with temperature control"),
    ),
    Mission(
        label="better coffee", weight=2, budget=300, keen=0.35,
        categories=("home/kitchen/coffee-makers",),
        queries=("coffee maker with grinder", "coffee machine", "milk frother"),
    ),
    Mission(
        label="running shoes", weight=4, budget=160, keen=0.45,
        categories=("sports/running-shoes",),
        queries=("running shoes", "trail running shoes", "running shoes wide", "marathon shoes"),
    ),
    Mission(
        label="party costume", weight=3, budget=70, keen=0.55,
        categories=("clothing/costumes",),
        queries=("elven cloak", "pirate costume", "costume with wig", "costume for saturday"),
    ),
    Mission(
        label="quiet on the train", weight=3, budget=250, keen=0.4,
        categories=("electronics/audio/headphones",),
        queries=("noise cancelling headphones", "headphones wireless", "over-ear headphones"),
    ),
    Mission(
        label="home office", weight=2, budget=350, keen=0.35,
        categories=("home/office/chairs", "home/office/desk-lamps"),
        queries=("office chair", "chair with lumbar support", "desk lamp dimmable"),
    ),
    Mission(
        label="weekend outdoors", weight=2, budget=220, keen=0.4,
        categories=("sports/camping/tents", "sports/bags/backpacks"),
        queries=("2 person tent", "hiking backpack", "tent for festivals", "rain cover"),
    ),
    Mission(
        label="browse without aim", weight=4, budget=None, keen=0.08,
        categories=tuple(SHELVES),
        queries=("sale", "new", "ideas"),
    ),
)  # fmt: skip
"""`weight` says how common a mission is beside the others."""
