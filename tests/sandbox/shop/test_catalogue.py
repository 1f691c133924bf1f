"""Catalogue: a small shop with plausible goods."""

import pytest

from sandbox.shop.catalogue import SHELVES, Catalogue
from sandbox.shop.missions import MISSIONS


@pytest.mark.parametrize("size", [12, 300, 301, 900])
def test_as_many_products_as_asked_for_all_different(size: int) -> None:
    """Ids and titles tell products apart, and no category is empty."""
    catalogue = Catalogue(size=size)
    assert len(catalogue.items) == size
    assert len({item.id for item in catalogue.items}) == len({item.title for item in catalogue.items}) == size
    assert catalogue.by_category.keys() == SHELVES.keys()
    assert all(catalogue.by_category.values())


def test_products_say_what_they_are() -> None:
    """A title holds brand and kind, and the price lies where its category's do."""
    for item in Catalogue().items:
        assert item.category
        assert item.price
        shelf = SHELVES[item.category]
        assert item.brand in shelf.brands
        assert item.title
        assert item.title.startswith(str(item.brand))
        assert shelf.thing in item.title
        assert shelf.low <= item.price <= shelf.high + 1


def test_the_seed_decides() -> None:
    """The same shop for the same seed, another for another."""
    assert Catalogue(1).items == Catalogue(1).items != Catalogue(2).items


def test_missions_can_be_met() -> None:
    """Every mission has offers within its budget."""
    catalogue = Catalogue()
    for mission in MISSIONS:
        offers = [item for name in mission.categories for item in catalogue.by_category[name]]
        assert [item for item in offers if mission.budget is None or (item.price or 0) <= mission.budget]
