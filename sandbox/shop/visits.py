"""Visits: what one shopper does from coming to leaving. Pure; all chance comes from the given Random."""

from collections.abc import Iterator, Mapping, Sequence
from math import log
from random import Random
from typing import NamedTuple

from sandbox.shop.catalogue import Catalogue
from sandbox.shop.missions import MISSIONS, Mission
from streams.events.event import Action, Item

THINK_S: Mapping[Action, float] = {
    "list_view": 2,
    "click": 1.5,
    "search": 5,
    "view": 7,
    "wishlist_add": 3,
    "cart_view": 4,
    "cart_add": 5,
    "cart_remove": 6,
    "checkout": 9,
    "purchase": 20,
    "refund": 15,
}
"""Median seconds between the action before and this one."""

SPREAD = 0.7
"""Sigma of the log-normal think times: one in twenty takes three times the median."""


class Step(NamedTuple):
    """An action, `think_s` seconds after the one before."""

    think_s: float
    action: Action
    items: Sequence[Item] = ()
    query: str | None = None


def visit(random: Random, catalogue: Catalogue, bought: Sequence[Item] = ()) -> Iterator[Step]:
    """One visit: look around, look closer, compare, and order, or think better of it.

    `bought` is what the shopper ordered last, some of which comes back.
    """
    if bought and random.random() < 0.08:
        yield _step(random, "refund", [random.choice(bought)])
    mission = _choose(random)
    seen: list[Item] = []
    yield from _look_around(random, catalogue, mission, seen)
    if random.random() < 0.12:  # something else comes to mind
        mission = _choose(random)
        seen.clear()
        yield from _look_around(random, catalogue, mission, seen)
    yield from _compare(random, seen)
    if random.random() < mission.keen:
        yield from _order(random, mission, seen)
    elif random.random() < 0.15:
        yield _step(random, "wishlist_add", [_favourite(random, mission, seen)])


def _look_around(random: Random, catalogue: Catalogue, mission: Mission, seen: list[Item]) -> Iterator[Step]:
    """Search or go through a category, and look at some of what shows, mostly of one brand and within the budget."""
    offers = catalogue.by_category[random.choice(mission.categories)]
    brand = random.choice(offers).brand
    weights = [(4 if item.brand == brand else 1) * (1 if _affordable(mission, item) else 0.15) for item in offers]
    for _ in range(random.randint(1, 3)):
        if random.random() < 0.6:
            yield _step(random, "search", query=random.choice(mission.queries))
        else:
            yield _step(random, "list_view", random.sample(offers, min(6, len(offers))))
        for item in random.choices(offers, weights, k=random.randint(1, 3)):
            if random.random() < 0.3:
                yield _step(random, "click", [item])
            yield _step(random, "view", [item])
            seen.append(item)
    if random.random() < 0.1:  # a banner, a curiosity
        yield _step(random, "view", [random.choice(catalogue.items)])


def _compare(random: Random, seen: Sequence[Item]) -> Iterator[Step]:
    """Go back and forth between the last two."""
    if len({item.id for item in seen[-2:]}) == 2 and random.random() < 0.5:
        for item in seen[-2:]:
            yield _step(random, "view", [item])


def _order(random: Random, mission: Mission, seen: Sequence[Item]) -> Iterator[Step]:
    """Fill the cart, change one's mind or not, and order or leave it standing."""
    cart = [_favourite(random, mission, seen)]
    yield _step(random, "cart_add", cart[:])
    if random.random() < 0.25:
        yield _step(random, "cart_view")
        yield _step(random, "cart_remove", cart[:])
        cart = [_favourite(random, mission, seen)]
        yield _step(random, "view", cart[:])
        yield _step(random, "cart_add", cart[:])
    if random.random() < 0.2 and (more := [item for item in seen if item != cart[0]]):
        cart.append(random.choice(more))
        yield _step(random, "cart_add", cart[1:])
    if random.random() < 0.65:
        yield _step(random, "checkout", cart)
        yield _step(random, "purchase", cart)


def _choose(random: Random) -> Mission:
    return random.choices(MISSIONS, [mission.weight for mission in MISSIONS])[0]


def _favourite(random: Random, mission: Mission, seen: Sequence[Item]) -> Item:
    return random.choice([item for item in seen if _affordable(mission, item)] or seen)


def _affordable(mission: Mission, item: Item) -> bool:
    return mission.budget is None or (item.price or 0) <= mission.budget


def _step(random: Random, action: Action, items: Sequence[Item] = (), query: str | None = None) -> Step:
    return Step(random.lognormvariate(log(THINK_S[action]), SPREAD), action, items, query)
