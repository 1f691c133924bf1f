"""Records as topics hold them, and what a lake in a folder says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from msgspec import structs
from pyarrow import parquet

from penchant.offline.lake.manifest import NAME, Manifest
from streams.records.history import Readable
from streams.sessions.positions import Position
from tests.storage.sides import intent

HOUR_MS = 3_600_000
START_MS = 1_767_225_600_000
"""2026-01-01T00, UTC."""


@dataclass(frozen=True)
class Said:
    """A record."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = START_MS
    headers: Sequence[tuple[str, bytes | None]] = ()


def readable(shopper: str, offset: int, at_ms: int) -> bytes:
    """The value of a record of the history."""
    made = structs.replace(intent(shopper, Position(0, offset)), written_at_ms=at_ms)
    return Readable(made, at_ms, at_ms + HOUR_MS).dump()


def manifest(folder: Path) -> Manifest:
    """What counts in a lake."""
    return Manifest.load((folder / NAME).read_bytes(), str(folder))


def rows(folder: Path, table: str = "intents") -> list[dict[str, Any]]:
    """All rows of the files that count."""
    parts = [part for part in manifest(folder).parts if part.table == table]
    return [row for part in parts for row in parquet.ParquetFile(folder / part.name).read().to_pylist()]


def product(name: str, *facts: tuple[str, str]) -> bytes:
    """The value of a record of the topic of cards."""
    told = [{"name": key, "value": value, "quote": value, "parts": 1} for key, value in facts]
    return orjson.dumps({"product": name, "category": "home", "code": name, "facts": told, "segments": []})
