"""Snapshot: what enough shoppers support, frozen under a name of its hour and digest.

Rules are functions of a session and a snapshot, and each intent names the one that it was made with.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, get_args

import orjson

from prompts.guard import CATEGORY, clean
from prompts.learned.counts import Total, Totals
from prompts.learned.lessons import EVERYONE, FIGURES, GAP_BINS, PRICE_BINS, STEP_BINS, Lesson, Table, parts
from prompts.quantile import quantile
from streams.errors import SettingInvalid

SUPPORT = 20
"""Shoppers who must support a name, a pair or a price range before it enters a snapshot."""

LARGEST_BYTES = 4 * 1024 * 1024
NEIGHBOURS = 8
"""Names kept under a key; more of those that are counted over everyone."""

DECILES = range(10, 100, 10)

UNTAUGHT = 1.0
"""What a category of the shop's products weighs that too few shoppers taught, and a step to such a one: as much as one
shopper teaches."""

_NAMED = 1_000
_TAIL = 0.1
_QUANTILES: Mapping[str, int] = {"price_after": PRICE_BINS, "price_step": STEP_BINS, "gap_after": GAP_BINS}
_NAMING: Mapping[str, str] = {"categories": "categories", "category_after": "categories",
                              "brand_in": "brand_in", "brand_after": "brand_in"}  # fmt: skip

Row = tuple[tuple[str, float], ...]
"""Names with their weights, largest first; of a price table `low` and `high`, in doublings; of gaps the deciles `10` to
`90`, in doublings of a second."""

Tables = Mapping[Table, Mapping[str, Row]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a shop's stream had taught by an hour. `newcomers` are the names that one day alone has taught."""

    name: str
    hour: str
    support: int
    tables: Tables
    newcomers: frozenset[str] = field(default=frozenset())

    def row(self, table: Table, key: str) -> Row:
        """What is known under a key; empty where that is too little."""
        return self.tables[table].get(key, ())

    def dump(self) -> bytes:
        """As JSON, at most 4 MB; equal snapshots give equal bytes."""
        return _body(self.hour, self.support, self.tables, self.newcomers)


def snapshot(
    totals: Totals,
    time_ms: int,
    support: int = SUPPORT,
    largest_bytes: int = LARGEST_BYTES,
    shelf: Iterable[str] = (),
) -> Snapshot:
    """What at least `support` shoppers taught; `time_ms` is in its hour. Lighter keys give way until it fits.

    `shelf` are categories of the shop's products. Those that too few shoppers taught stand behind the others, so that
    they can be named; they are no counts, and add to none.
    """
    hour = datetime.fromtimestamp(time_ms / 1e3, UTC).strftime("%Y-%m-%dT%H")
    names = {table: _names(totals, table, support) for table in ("categories", "brand_in")}
    rows = _with_shelf(_rows(totals, support, names), names["categories"], shelf)
    newcomers = _newcomers(totals, {name for some in names.values() for name in some})
    while len(body := _body(hour, support, _tables(rows), newcomers)) > largest_bytes:
        rows = rows[: int(len(rows) * 0.9)]
    return _named(body, hour, support, _tables(rows), newcomers)


def load(body: bytes) -> Snapshot:
    """A snapshot from its bytes. Raises SettingInvalid where they are none."""
    try:
        doc: dict[str, Any] = orjson.loads(body)
        tables: dict[Table, dict[str, Row]] = {
            table: {key: tuple((str(name), float(weight)) for name, weight in row) for key, row in rows.items()}
            for table, rows in ((table, doc["tables"].get(table, {})) for table in get_args(Table))
        }
        return _named(body, str(doc["hour"]), int(doc["support"]), _frozen(tables), frozenset(doc["newcomers"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as exc:
        raise SettingInvalid(f"this is no snapshot of learned counts: {exc}", "make one with penchant learn") from exc


def _named(body: bytes, hour: str, support: int, tables: Tables, newcomers: frozenset[str]) -> Snapshot:
    return Snapshot(f"{hour}-{sha256(body).hexdigest()[:12]}", hour, support, tables, newcomers)


def _body(hour: str, support: int, tables: Tables, newcomers: frozenset[str]) -> bytes:
    plain = {table: dict(rows) for table, rows in tables.items()}
    doc = {"hour": hour, "support": support, "newcomers": sorted(newcomers), "tables": plain}
    return orjson.dumps(doc, option=orjson.OPT_SORT_KEYS)


_Keyed = tuple[float, Table, str, Row]
"""A key's weight, its place, and its row."""


def _rows(totals: Totals, support: int, names: Mapping[str, frozenset[str]]) -> list[_Keyed]:
    """The rows that have support, heaviest key first."""
    grouped: dict[tuple[Table, str], dict[str, Total]] = defaultdict(dict)
    for lesson, total in totals.pairs.items():
        grouped[lesson.table, lesson.key][lesson.name] = total
    found = []
    for (table, key), pairs in grouped.items():
        row = _row(table, key, pairs, support, names.get(_NAMING.get(table, "")))
        if row:
            found.append((sum(total.weight for total in pairs.values()), table, key, row))
    return sorted(found, key=lambda each: (-each[0], each[1], each[2]))


def _with_shelf(rows: list[_Keyed], taught: Iterable[str], shelf: Iterable[str]) -> list[_Keyed]:
    """The rows, with everyone's categories longer by those of the products: at most as many as a row has."""
    known = {parts(name) for name in taught}
    new = {parts(name): name for name in sorted({clean(name, CATEGORY) for name in shelf}, reverse=True) if name}
    added = tuple((name, UNTAUGHT) for path, name in sorted(new.items()) if path not in known)
    if not added:
        return rows
    at = next((at for at, (_, *key, _) in enumerate(rows) if key == ["categories", EVERYONE]), len(rows))
    weight, row = (rows[at][0], rows[at][3]) if at < len(rows) else (0.0, ())
    return [*rows[:at], (weight, "categories", EVERYONE, (*row, *added)[:_NAMED]), *rows[at + 1 :]]


def _row(table: Table, key: str, pairs: Mapping[str, Total], support: int, names: frozenset[str] | None) -> Row:
    if table in FIGURES or names is None:
        return _figures(table, pairs) if _shoppers(pairs.values()) >= support else ()
    held = [(name, total.weight) for name, total in pairs.items() if total.shoppers >= support and name in names]
    return _largest(held, _NAMED if key == EVERYONE else NEIGHBOURS)


def _figures(table: Table, pairs: Mapping[str, Total]) -> Row:
    """Shares, deciles, or the ends of the range that holds all but a tenth on either side."""
    if table not in _QUANTILES:
        return _largest([(name, total.weight) for name, total in pairs.items()], NEIGHBOURS)
    ordered = sorted((int(name) / _QUANTILES[table], total.weight) for name, total in pairs.items())
    if table == "gap_after":
        return tuple((str(decile), quantile(ordered, decile / 100)) for decile in DECILES)
    return ("low", quantile(ordered, _TAIL)), ("high", quantile(ordered, 1 - _TAIL))


def _largest(held: Iterable[tuple[str, float]], most: int) -> Row:
    ordered = sorted(held, key=lambda pair: (-pair[1], pair[0]))[:most]
    return tuple((name, round(weight, 1)) for name, weight in ordered)


def _shoppers(totals: Iterable[Total]) -> int:
    """So many different shoppers taught any of these at least: under one key a shopper has one place."""
    places = 0
    for total in totals:
        places |= total.places
    return places.bit_count()


def _names(totals: Totals, table: Table, support: int) -> frozenset[str]:
    """The names of everyone's that have support."""
    return frozenset(
        lesson.name
        for lesson, total in totals.pairs.items()
        if lesson.table == table and lesson.key == EVERYONE and total.shoppers >= support
    )


def _newcomers(totals: Totals, names: Iterable[str]) -> frozenset[str]:
    """Those that one day alone has taught, once there are more days."""
    if totals.days < 2:
        return frozenset()
    days: dict[str, int] = {}
    for table in ("categories", "brand_in"):
        for name in names:
            total = totals.pairs.get(Lesson(table, EVERYONE, name))
            days[name] = max(days.get(name, 0), total.days if total else 0)
    return frozenset(name for name, many in days.items() if many < 2)


def _tables(rows: Iterable[_Keyed]) -> Tables:
    tables: dict[Table, dict[str, Row]] = {table: {} for table in get_args(Table)}
    for _, table, key, row in rows:
        tables[table][key] = row
    return _frozen(tables)


def _frozen(tables: Mapping[Table, Mapping[str, Row]]) -> Tables:
    return MappingProxyType({table: MappingProxyType(dict(tables.get(table, {}))) for table in get_args(Table)})
