"""Shelf: the categories of a catalogue's products, without what is sensitive."""

from pathlib import Path

from penchant.offline.products.columns import columns
from penchant.offline.products.prompting import product_prompts
from penchant.offline.products.reading import read
from penchant.settings.root import Settings
from streams.events.event import Item
from streams.events.sensitivity import Sensitivity
from streams.records.products import Product


def shelf(catalogue: Path, wanted: Path | None, settings: Settings) -> tuple[str, ...]:
    """Each once, in order. Rows that are no products are passed over. Raises as `read` does."""
    verdict = Sensitivity(settings.privacy).of_item
    found: set[str] = set()
    for row in read(catalogue, columns(wanted), product_prompts(settings)):
        if isinstance(row, Product) and row.category and row.category not in found:
            item = Item(id=row.id, title=row.title or None, category=row.category, brand=row.brand or None)
            if verdict(item).handling == "allow":
                found.add(row.category)
    return tuple(sorted(found))
