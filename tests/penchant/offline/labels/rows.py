"""Pairs as an eval writes them, for tests."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from penchant.offline.labels.pairs import Labelled, LabelPair


def intent(mission: str = "research", stage: str = "compare") -> str:
    """The compared part of an intent, as JSON."""
    return orjson.dumps({"mission": {"label": mission}, "stage": stage, "confidence": 0.6}).decode()


def row(number: int, model: str = "research", **more: object) -> dict[str, Any]:
    """A pair of the rules and a model, which says another mission where one is given."""
    shown = f'{number}m view "Quiet kettle"'
    return {"pair": str(number), "shown": shown, "rules": intent(), "model": intent(model)} | more


def match_row(number: int, **more: object) -> dict[str, Any]:
    """A match whose reasons people label."""
    shown = f'{number}m view "Quiet kettle"'
    told = {"product": "home > kettles, Tarn, 45 EUR", "for": ["45 EUR, within your range"], "against": ["<b>Tarn</b>"]}
    return {"pair": f"match-{number}", "shown": shown, **told} | more


def pairs_of(cases: Mapping[str, Labelled]) -> dict[str, LabelPair]:
    """The pairs among them, by id."""
    return {name: each for name, each in cases.items() if isinstance(each, LabelPair)}


def write(folder: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """A folder of such pairs."""
    (folder / "pairs.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return folder
