"""Writing: what was understood, as JSON lines or a folder of Parquet parts, and the rejects. All is there when it is
whole."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import rmtree
from types import TracebackType
from typing import Any, BinaryIO, Literal, Protocol, Self

import orjson

from penchant.offline.export.files import pyarrow
from streams.records.products import Understood

Format = Literal["jsonl", "parquet"]
PRODUCTS, REJECTS = "products", "rejects.jsonl"
PART_ROWS = 100_000
"""Of a Parquet part."""
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
    """Rows as one Parquet file, in groups of ten thousand, of which one is held."""

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


class ParquetParts:
    """Rows as a folder of Parquet files, `part-00000.parquet` and on, of `most` rows each; the last has what is left.
    Without rows there is one, which has the columns."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._part, self._number, self._left = ExitStack(), 0, 0

    def __enter__(self) -> Self:
        self._folder.mkdir()
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._part.__exit__(kind, error, trace)

    def write(self, row: Mapping[str, Any]) -> None:
        """One row of a part; the next one begins when it is full."""
        if not self._left:
            self._part.close()
            self._begin()
        self._rows.write(row)
        self._left -= 1

    def _begin(self) -> None:
        self._rows = self._part.enter_context(ParquetRows(self._folder / f"part-{self._number:05}.parquet"))
        self._number, self._left = self._number + 1, self._most


@contextmanager
def rows(path: Path, form: Format, part_rows: int = PART_ROWS) -> Iterator[Rows]:
    """Write rows to a file, or for Parquet a folder, that takes the place of the old one when all are written; else the
    old one stays."""
    beside, old = path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.old")
    if old.exists() and not path.exists():  # the run before was killed between the two names
        old.rename(path)
    _remove(beside)
    try:
        if form == "parquet":
            with ParquetParts(beside, part_rows) as parts:
                yield parts
            if path.exists():  # no folder is renamed over another one
                _remove(old)
                path.rename(old)
        else:
            with beside.open("wb") as file:
                yield JsonLines(file)
        beside.replace(path)
    finally:
        _remove(beside)
        if path.exists():
            _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)


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
