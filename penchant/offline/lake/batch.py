"""Batch: rows that wait to be written together, and whose earlier rows are to go. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from penchant.offline.lake.rows import Erased, Kind, Table, read
from streams.errors import EventRefused
from streams.events.decoding import Record

Hour = tuple[Table, str]


class Batch:
    """Rows by table and hour, in the order of their records; `reached` are the offsets behind them, by topic."""

    def __init__(self) -> None:
        self._rows: dict[Hour, list[Mapping[str, Any]]] = defaultdict(list)
        self.erased: set[str] = set()
        self.records = self.refused = self.bytes = 0

    def add(self, kind: Kind, partition: int, record: Record) -> None:
        """Take one record. One that says nothing is counted."""
        self.records += 1
        self.bytes += len(record.value or b"")
        try:
            for each in list(read(kind, partition, record)):
                if isinstance(each, Erased):
                    self._erase(each.shopper)
                else:
                    self._rows[each.table, each.hour].append(each.values)
        except EventRefused:
            self.refused += 1

    def rows(self) -> Mapping[Hour, Sequence[Mapping[str, Any]]]:
        """What is to be written."""
        return {hour: rows for hour, rows in self._rows.items() if rows}

    def _erase(self, shopper: str) -> None:
        self.erased.add(shopper)
        for (table, _), rows in self._rows.items():
            if table == "intents":
                rows[:] = [row for row in rows if row["shopper"] != shopper]
