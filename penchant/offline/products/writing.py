"""Writing: what was understood, as JSON lines or Parquet, and the rejects. A file is there when it is whole."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Protocol, Self

import orjson

from penchant.offline.export.files import pyarrow
from streams.records.products import Understood

Format = Literal["jsonl", "parquet"]
PRODUCTS, REJECTS = "products", "rejects.jsonl"
_GROUP = 10_000


class Rows(Protocol):
    """Takes rows, one after the other."""

    def write(self, row: Mapping[str, Any]) -> None: ...


class JsonLines:
    """Rows as JSON lines."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, row: Mapping[str, Any]) -> None:
        """One line."""
        self._file.write(orjson.dumps(row) + b"\n")


class ParquetRows:
    """Rows as Parquet, in groups of ten thousand."""

    def __init__(self, path: Path) -> None:
        self._arrow, parquet = pyarrow()
        self._schema = _schema(self._arrow)
        self._writer = parquet.ParquetWriter(path, self._schema)
        self._rows: list[Mapping[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()
        self._writer.close()

    def write(self, row: Mapping[str, Any]) -> None:
        """One row of the group."""
        self._rows.append(row)
        if len(self._rows) == _GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []


@contextmanager
def rows(path: Path, form: Format) -> Iterator[Rows]:
    """Write rows to a file that takes the place of the old one when all are written; else the old one stays."""
    beside = path.with_name(f".{path.name}.new")
    try:
        if form == "parquet":
            with ParquetRows(beside) as table:
                yield table
        else:
            with beside.open("wb") as file:
                yield JsonLines(file)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def product_row(known: Understood) -> dict[str, Any]:
    """A product's row. Facts and segments have the quotes that show them."""
    card = known.card
    return {
        "product": known.product,
        "category": card.category,
        "brand": card.brand,
        "price": card.price,
        "currency": card.currency,
        "code": card.code,
        "line": known.line,
        "facts": [
            {"name": fact.property.name, "value": fact.property.value, "quote": fact.quote, "parts": fact.parts}
            for fact in known.facts
        ],
        "segments": [
            {
                "mission": each.segment.mission,
                "stage": each.segment.stage or "",
                "attribute": each.segment.attribute.name if each.segment.attribute else "",
                "value": each.segment.attribute.value if each.segment.attribute else "",
                "quote": each.quote,
                "parts": each.parts,
            }
            for each in known.interests
        ],
        "removed": list(known.removed),
        "refused_parts": known.refused,
        "image": known.image,
    }


def _schema(pa: Any) -> Any:
    text, count = pa.string(), pa.int64()
    fact = pa.struct([("name", text), ("value", text), ("quote", text), ("parts", count)])
    names = ("mission", "stage", "attribute", "value", "quote")
    segment = pa.struct([*((name, text) for name in names), ("parts", count)])
    return pa.schema([
        ("product", text), ("category", text), ("brand", text), ("price", pa.float64()), ("currency", text),
        ("code", text), ("line", text), ("facts", pa.list_(fact)), ("segments", pa.list_(segment)),
        ("removed", pa.list_(text)), ("refused_parts", count), ("image", text),
    ])  # fmt: skip
