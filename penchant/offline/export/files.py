"""Files: requests as they come, CSV, JSON lines or Parquet, and the export as Parquet."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from streams.errors import PlatformLacks, SettingInvalid

REMEDY = "give CSV with a header, JSON lines, or Parquet, by the file's ending"


def read(path: Path, shopper: str, time: str, product: str | None = None) -> list[dict[str, Any]]:
    """The rows, their times as epoch milliseconds; each has these columns. SettingInvalid names the row and what is
    wrong with it."""
    rows = _rows(path)
    for number, row in enumerate(rows, 1):
        for column in (shopper, time, product):
            if column is not None and row.get(column) in (None, ""):
                raise SettingInvalid(f"{path}, row {number}: there is no {column}", f"its columns are {', '.join(row)}")
        row[time] = _ms(row[time], path, number)
    return rows


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """As Parquet. PlatformLacks without pyarrow."""
    arrow, parquet = pyarrow()
    parquet.write_table(arrow.Table.from_pylist([dict(row) for row in rows]), path)


def _rows(path: Path) -> list[dict[str, Any]]:
    ending = path.suffix.lower()
    try:
        if ending == ".parquet":
            _, parquet = pyarrow()
            return list(parquet.read_table(path).to_pylist())
        text = path.read_text(encoding="utf-8")
        if ending == ".csv":
            return list(csv.DictReader(text.splitlines()))
        if ending in (".jsonl", ".ndjson", ".json"):
            return _json(text.splitlines())
    except (OSError, ValueError) as exc:
        raise SettingInvalid(f"{path} cannot be read: {exc}", REMEDY) from exc
    raise SettingInvalid(f"{path} has the ending {ending or 'none'}", REMEDY)


def _json(lines: Iterable[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in lines if line.strip()]


def _ms(value: object, path: Path, number: int) -> int:
    if isinstance(value, datetime):
        return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1_000)
    text = str(value)
    try:
        if text.lstrip("-").replace(".", "", 1).isdigit():
            return int(float(text))
        return _ms(datetime.fromisoformat(text), path, number)
    except ValueError as exc:
        raise SettingInvalid(
            f"{path}, row {number}: {text!r} is no time", "write epoch milliseconds, or 2026-01-31T08:00:00Z"
        ) from exc


def pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 # an extra: many megabytes that a worker has no use for
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as exc:
        raise PlatformLacks(f"Parquet needs pyarrow: {exc}", "pip install 'penchant[export]'") from exc
    return pa, parquet
