"""Packing: days and totals as bytes, and back."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from prompts.learned.counts import Day, Pairs, Total, Totals
from prompts.learned.lessons import Lesson

_LEVEL = 1  # quick; half the size is in the hexadecimals
_LARGEST_BYTES = 256 * 1024 * 1024


def dump_days(days: Iterable[tuple[int, Pairs]]) -> bytes:
    """Days by their numbers. Takes a tenth of a second for 100,000 pairs: call it in a thread, with copies."""
    return _packed(
        {str(number): _nested((pair, f"{places:x}") for pair, places in pairs.items()) for number, pairs in days}
    )


def load_days(body: bytes) -> list[Day]:
    """Raises ValueError for bytes that are no days."""
    days = []
    for number, tables in _unpacked(body).items():
        day = Day(int(number))
        for lesson, places in _flat(tables):
            day.add(lesson, int(places, 16))
        days.append(day)
    return days


def dump_totals(totals: Totals) -> bytes:
    """All days together."""
    pairs = _nested(
        (pair, [round(each.weight, 2), f"{each.places:x}", each.days]) for pair, each in totals.pairs.items()
    )
    return _packed({"day": totals.day, "days": totals.days, "pairs": pairs})


def load_totals(body: bytes) -> Totals:
    """Raises ValueError for bytes that are no totals."""
    doc = _unpacked(body)
    try:
        pairs = {
            lesson: Total(float(weight), int(places, 16), int(days))
            for lesson, (weight, places, days) in _flat(doc["pairs"])
        }
        return Totals(int(doc["day"]), int(doc["days"]), pairs)
    except (KeyError, TypeError) as exc:
        raise ValueError(f"no totals: {exc!r}") from exc


def _nested(pairs: Iterable[tuple[Lesson, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """By table, key and name, so that no key is written twice."""
    tables: dict[str, dict[str, dict[str, Any]]] = {}
    for lesson, value in pairs:
        tables.setdefault(lesson.table, {}).setdefault(lesson.key, {})[lesson.name] = value
    return tables


def _flat(tables: Any) -> Iterator[tuple[Lesson, Any]]:
    for table, keys in tables.items():
        for key, names in keys.items():
            for name, value in names.items():
                yield Lesson(table, key, name), value


def _packed(doc: object) -> bytes:
    return zlib.compress(orjson.dumps(doc), _LEVEL)


def _unpacked(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(zlib.decompressobj().decompress(body, _LARGEST_BYTES))
    except (zlib.error, orjson.JSONDecodeError) as exc:
        raise ValueError(f"no learned counts: {exc}") from exc
    if not isinstance(found, dict):
        raise ValueError("no learned counts: no object")  # noqa: TRY004 # the caller knows one error
    return found
