"""Shelf: the categories of a catalogue's products, without what is sensitive."""

from pathlib import Path

from penchant.offline.products.columns import columns
from penchant.offline.products.prompting import product_prompts
from penchant.offline.products.reading import read
from penchant.settings.root import Settings
from streams.events.sensitivity import Sensitivity
from streams.records.products import Product


def shelf(catalogue: Path, wanted: Path | None, settings: Settings) -> tuple[str, ...]:
    """Each once, in order. Rows that are no products are passed over. Raises as `read` does."""
    verdict = Sensitivity(settings.privacy).of_texts
    found: set[str] = set()
    for row in read(catalogue, columns(wanted), product_prompts(settings)):
        if not isinstance(row, Product) or not row.category or row.category in found:
            continue
        if verdict(row.category, (row.title, row.brand), row.id).handling == "allow":
            found.add(row.category)
    return tuple(sorted(found))
