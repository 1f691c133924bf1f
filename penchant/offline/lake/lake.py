"""Lake: batches written as Parquet files by hour. What its manifest names counts, and nothing else does.

A batch is a number of new files and one manifest after them, which holds the offsets too. A kill in between leaves
files that no manifest names; whoever writes the lake next removes them, and reads their records again. What else lies
beside a lake's files is nobody's business here.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from penchant.offline.export.files import pyarrow
from penchant.offline.lake.batch import Batch
from penchant.offline.lake.manifest import NAME, Manifest, Part
from penchant.offline.lake.place import Place
from penchant.offline.lake.rows import PLACE, Table, schema
from streams.errors import ContractMismatch
from streams.records.watermark import Watermark

SMALL_BYTES = 33_554_432
"""A file below this is merged with others of its hour."""

MOST_SMALL = 16
"""So many small files may an hour have that is not over; one that is over has one."""

OURS = re.compile(r"(?:intents|cards|facts)/hour=[^/]+/([0-9]{10})-[0-9a-f]{8}-[0-9]{4,}\.parquet(?:\.new)?")
"""A file of a lake, by the number of the manifest that it was written for and the process that wrote it."""


class Lake:
    """One process writes to it. It blocks: call it in a thread. Raises LakeUnavailable; open it anew after that."""

    def __init__(self, place: Place) -> None:
        """ContractMismatch for a manifest that is none."""
        self._place = place
        self._arrow, _ = pyarrow()
        self._last = place.read(NAME)
        self.manifest = Manifest.load(self._last, place.uri)
        self._writer = uuid4().hex[:8]
        named = {part.name for part in self.manifest.parts}
        self._left = {
            name: int(ours[1]) for name in place.names() if name not in named and (ours := OURS.fullmatch(name))
        }
        for name in [name for name, number in self._left.items() if number <= self.manifest.number]:
            place.remove(name)  # later ones may be those of a process that is writing: they go with our first batch

    def commit(self, batch: Batch, reached: Mapping[str, Watermark]) -> None:
        """Write a batch, apply its erasures, merge small files. All of it counts from then on, or nothing of it.

        ContractMismatch where somebody else has written meanwhile.
        """
        number = self.manifest.number + 1
        writing = _Writing(self._place, self._arrow, f"{number:010}-{self._writer}")
        parts = writing.erase(self.manifest.parts, batch.erased)
        parts += [writing.write(table, hour, rows) for (table, hour), rows in batch.rows().items()]
        parts = writing.merge(parts)
        if self._place.read(NAME) != self._last:
            raise ContractMismatch(f"somebody else writes to {self._place.uri}", "let one process follow into a place")
        manifest = Manifest(number, dict(self.manifest.reached) | dict(reached), tuple(parts))
        data = manifest.dump()
        self._place.write(NAME, data)
        before, self.manifest, self._last = self.manifest, manifest, data
        counts = {part.name for part in parts}
        for name in [*(part.name for part in before.parts), *writing.names, *self._left]:
            if name not in counts:
                self._place.remove(name)
        self._left = {}


class _Writing:
    """The files of one batch; `names` are those that were written."""

    def __init__(self, place: Place, arrow: Any, batch: str) -> None:
        self._place, self._arrow, self._batch = place, arrow, batch
        self.names: list[str] = []

    def write(self, table: Table, hour: str, rows: Sequence[Mapping[str, Any]]) -> Part:
        """Rows as a new file."""
        return self._write(table, hour, self._arrow.Table.from_pylist(list(rows), schema=schema(self._arrow, table)))

    def erase(self, parts: Iterable[Part], shoppers: set[str]) -> list[Part]:
        """The parts without these shoppers' intents. One column is read of each file, and all of those that change."""
        kept = []
        for part in parts:
            if not shoppers or part.table != "intents" or shoppers.isdisjoint(self._shoppers(part)):
                kept.append(part)
                continue
            whole = self._place.read_table(part.name)
            stays = [each not in shoppers for each in whole["shopper"].to_pylist()]
            if any(stays):
                kept.append(self._write(part.table, part.hour, whole.filter(self._arrow.array(stays))))
        return kept

    def merge(self, parts: Sequence[Part]) -> list[Part]:
        """The parts with the small ones of an hour put together, by the places of their records."""
        newest: dict[Table, str] = defaultdict(str)
        small: dict[tuple[Table, str], list[Part]] = defaultdict(list)
        for part in parts:
            newest[part.table] = max(newest[part.table], part.hour)
            if part.bytes < SMALL_BYTES:
                small[part.table, part.hour].append(part)
        merged = list(parts)
        for (table, hour), some in small.items():
            if len(some) > (MOST_SMALL if hour == newest[table] else 1):
                merged = [part for part in merged if part not in some]
                merged += [self._together(group) for group in _groups(some)]
        return merged

    def _together(self, parts: Sequence[Part]) -> Part:
        if len(parts) == 1:
            return parts[0]
        whole = self._arrow.concat_tables([self._place.read_table(part.name) for part in parts])
        ordered = whole.sort_by([(name, "ascending") for name in PLACE])
        return self._write(parts[0].table, parts[0].hour, ordered)

    def _shoppers(self, part: Part) -> list[str]:
        return list(self._place.read_table(part.name, ["shopper"])["shopper"].to_pylist())

    def _write(self, table: Table, hour: str, rows: Any) -> Part:
        name = f"{table}/hour={hour}/{self._batch}-{len(self.names):04}.parquet"
        self.names.append(name)
        part = Part(name, table, hour, rows.num_rows, 0)
        return replace(part, bytes=self._place.write_table(name, rows))


def _groups(parts: Sequence[Part]) -> list[list[Part]]:
    """So many at a time that what they come to is read into memory at once."""
    groups: list[list[Part]] = [[]]
    for part in parts:
        if groups[-1] and sum(each.bytes for each in groups[-1]) + part.bytes > 2 * SMALL_BYTES:
            groups.append([])
        groups[-1].append(part)
    return groups
