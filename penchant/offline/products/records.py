"""Records: those of a compacted topic as products, ids that are gone, and rejects. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from penchant.offline.products.columns import Columns, RowRefused
from penchant.offline.products.reading import Rejected, product_of
from prompts.products.asking import ProductPrompts
from streams.events.decoding import Record
from streams.records.products import Product


@dataclass(frozen=True, slots=True)
class Changes:
    """What some records of a partition come to. Each product stands in it once, as its newest record has it: one of
    `products`, or of `gone`, whose newest record is a tombstone."""

    products: tuple[Product, ...]
    gone: tuple[str, ...]
    rejected: tuple[Rejected, ...]


def changes(partition: int, records: Iterable[Record], columns: Columns, prompts: ProductPrompts) -> Changes:
    """Read records in their order. A row is a JSON object, its key the product's id; a row need not repeat it.

    One that is rejected changes nothing: what an earlier record said of the product stands.
    """
    newest: dict[str, Product | None] = {}
    rejected = []
    for record in records:
        key = _text(record.key)
        try:
            identity, product = _read(record, key, columns, prompts)
        except RowRefused as refused:
            rejected.append(Rejected(f"{partition}:{record.offset}", key[:128], str(refused)))
        else:
            newest[identity] = product
    products = tuple(product for product in newest.values() if product is not None)
    return Changes(products, tuple(name for name, product in newest.items() if product is None), tuple(rejected))


def _read(record: Record, key: str, columns: Columns, prompts: ProductPrompts) -> tuple[str, Product | None]:
    """The id, and the product; None for a tombstone. Raises RowRefused."""
    if not key:
        raise RowRefused("the record has no key: a compacted topic is keyed by the product's id")
    identity = columns.identity(key)
    if not record.value:
        return identity, None
    row = _row(record.value)
    product = product_of({columns.id: key, **row}, columns, prompts)
    if product.id != identity:
        raise RowRefused(f"{columns.id}: the row says {product.id!r}, the record's key {key[:128]!r}")
    return identity, product


def _row(value: bytes) -> Mapping[str, Any]:
    try:
        row = orjson.loads(value)
    except orjson.JSONDecodeError as exc:
        raise RowRefused(f"no JSON: {exc}") from exc
    if not isinstance(row, dict):
        raise RowRefused("no object")
    return row


def _text(key: bytes | None) -> str:
    return key.decode(errors="replace") if key else ""
