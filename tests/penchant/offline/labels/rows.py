"""Pairs as an eval writes them, for tests."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson


def intent(mission: str = "research", stage: str = "compare") -> str:
    """The compared part of an intent, as JSON."""
    return orjson.dumps({"mission": {"label": mission}, "stage": stage, "confidence": 0.6}).decode()


def row(number: int, model: str = "research", **more: object) -> dict[str, Any]:
    """A pair of the rules and a model, which says another mission where one is given."""
    shown = f'{number}m view "Quiet kettle"'
    return {"pair": str(number), "shown": shown, "rules": intent(), "model": intent(model)} | more


def write(folder: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """A folder of such pairs."""
    (folder / "pairs.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return folder
