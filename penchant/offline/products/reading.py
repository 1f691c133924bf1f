"""Reading: the products of a catalogue one by one, from CSV, JSON lines or Parquet, a file or a folder of them, and the
rows that are none."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from penchant.offline.export.files import pyarrow
from penchant.offline.products.columns import Columns, RowRefused, check
from prompts.products.asking import MOST_TOKENS, ProductPrompts
from streams.errors import SettingInvalid
from streams.records.products import Product

REMEDY = "give CSV with a header, JSON lines, or Parquet, by the file's ending, or a folder of them"
_ROWS = 1_000
_LONGEST_CELL = 2_000_000


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no product, or that no model can be asked about: its number, counted from 1, or `partition:offset`
    in a topic, None where the id alone is known; its id as far as it has one, and why."""

    row: int | str | None
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shard:
    """One of so many parts of a catalogue, counted from 0. A product's rows are all in one, by a checksum of its id, so
    that an id that comes twice is refused there; a row without an id is in that of its number."""

    number: int = 0
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read `0/4`. Raises SettingInvalid."""
        number, sign, of = text.partition("/")
        if not (sign and number.isdecimal() and of.isdecimal() and int(number) < int(of)):
            raise SettingInvalid(f"{text!r} is no shard", "write 0/4 to 3/4 for the four parts of a catalogue")
        return cls(int(number), int(of))

    def has(self, row: int, identity: str) -> bool:
        """Whether a row of this number and id is in it."""
        return (crc32(identity.encode(errors="replace")) if identity else row) % self.of == self.number


WHOLE = Shard()


def read(path: Path, columns: Columns, prompts: ProductPrompts, shard: Shard = WHOLE) -> Iterator[Product | Rejected]:
    """Every row of a shard, as a product or with the reason why it is none. An id that came before is refused.

    A folder is read file by file, by their names, those of other endings, hidden ones and sub-folders left out. It
    reads as it is iterated: do so in a thread. SettingInvalid for a file that cannot be read, or that lacks a column;
    PlatformLacks for Parquet without pyarrow.
    """
    seen: set[str] = set()
    for number, row in enumerate(_rows(path, columns), 1):
        named = str(row.get(columns.id, "")).strip() if isinstance(row, Mapping) else ""
        if not shard.has(number, named):
            continue
        try:
            product = _product(row, columns, prompts, seen)
        except RowRefused as refused:
            yield Rejected(number, named[:128], str(refused))
        else:
            seen.add(product.id)
            yield product


def _product(row: Mapping[str, Any] | str, columns: Columns, prompts: ProductPrompts, seen: set[str]) -> Product:
    if isinstance(row, str):
        raise RowRefused(row)
    product = product_of(row, columns, prompts)
    if product.id in seen:
        raise RowRefused(f"{columns.id}: {product.id!r} stands in a row before")
    return product


def product_of(row: Mapping[str, Any], columns: Columns, prompts: ProductPrompts) -> Product:
    """The product of a row. Raises RowRefused for one that is none, and for a text that is too long."""
    product = columns.product(row)
    if (tokens := prompts.tokens(product)) > MOST_TOKENS:
        raise RowRefused(f"its text has about {tokens:,} tokens, and {MOST_TOKENS:,} at most are read")
    return product


def _rows(path: Path, columns: Columns) -> Iterator[Mapping[str, Any] | str]:
    """Each row, or what is wrong with it."""
    for file in _parts(path):
        try:
            yield from _READERS[file.suffix.lower()](file, columns)
        except (OSError, ValueError, csv.Error) as exc:
            raise SettingInvalid(f"{file} cannot be read: {exc}", REMEDY) from exc


def _parts(path: Path) -> list[Path]:
    """The file, or those of the folder."""
    if not path.is_dir():
        if path.suffix.lower() not in _READERS:
            raise SettingInvalid(f"{path} has the ending {path.suffix.lower() or 'none'}", REMEDY)
        return [path]
    named = [each for each in path.iterdir() if each.suffix.lower() in _READERS and not each.name.startswith(".")]
    files = [each for each in named if not each.is_dir()]  # a broken link is no folder, and is told of
    if not files:
        raise SettingInvalid(f"{path} has no file of a catalogue", REMEDY)
    return sorted(files)


def _csv(path: Path, columns: Columns) -> Iterator[Mapping[str, Any] | str]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        check(columns, header, path)
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                yield f"{len(row)} cells, while the header has {len(header)}"
            else:
                yield dict(zip(header, row, strict=True))


def _json(path: Path, _: Columns) -> Iterator[Mapping[str, Any] | str]:
    with path.open("rb") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as exc:
                yield f"no JSON: {exc}"
                continue
            yield row if isinstance(row, dict) else "no object"


def _parquet(path: Path, columns: Columns) -> Iterator[Mapping[str, Any] | str]:
    arrow, parquet = pyarrow()
    try:
        with parquet.ParquetFile(path) as file:
            check(columns, file.schema_arrow.names, path)
            for batch in file.iter_batches(_ROWS, columns=list(columns.names)):
                yield from batch.to_pylist()
    except arrow.ArrowException as exc:
        raise SettingInvalid(f"{path} cannot be read: {exc}", REMEDY) from exc


_READERS: Mapping[str, Callable[[Path, Columns], Iterator[Mapping[str, Any] | str]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _json,
    ".ndjson": _json,
}
