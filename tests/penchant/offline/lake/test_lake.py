"""A lake: each record once whatever breaks, erased shoppers gone, small files merged."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.offline.lake.batch import Batch
from penchant.offline.lake.lake import MOST_SMALL, Lake
from penchant.offline.lake.manifest import NAME
from penchant.offline.lake.place import Place
from penchant.offline.lake.reading import intents
from penchant.offline.lake.rows import Kind
from streams.errors import ContractMismatch, LakeUnavailable, SettingInvalid
from streams.records.watermark import Watermark
from tests.penchant.offline.lake.records import HOUR_MS, START_MS, Said, manifest, product, readable, rows

TOPIC = "history"
SHOPPERS = ("ada", "bob", "eve")


class BreakingPlace(Place):
    """Fails at a number of changes from now on, as a process that is killed then; 0: it holds."""

    breaks_at = 0

    def write(self, name: str, data: Any) -> None:
        """As it does."""
        self._count()
        super().write(name, data)

    def remove(self, name: str) -> None:
        """As it does."""
        self._count()
        super().remove(name)

    def _count(self) -> None:
        self.breaks_at -= 1
        if self.breaks_at == 0:
            raise LakeUnavailable("killed")


def batch(records: list[Said], kind: Kind = "intents") -> Batch:
    """Some records of one partition."""
    made = Batch()
    for record in records:
        made.add(kind, 0, record)
    return made


def said(offset: int, shopper: str, hour: int | None) -> Said:
    """An intent of an hour, or a tombstone."""
    value = None if hour is None else readable(shopper, offset, START_MS + hour * HOUR_MS)
    return Said(offset, shopper.encode(), value)


logs = st.lists(st.tuples(st.sampled_from(SHOPPERS), st.sampled_from([0, 0, 1, 2, None])), max_size=24)


@settings(max_examples=25, deadline=None)
@given(logs, st.lists(st.integers(1, 6), min_size=24, max_size=24), st.lists(st.integers(0, 12), max_size=12))
def test_each_record_stands_once_whatever_breaks(
    log: list[tuple[str, int | None]], sizes: list[int], breaks: list[int]
) -> None:
    """Batches of any size, killed at any change of a file: in the end each intent is there once, but for those before
    an erasure, and no file is left that does not count."""
    records = [said(offset, shopper, hour) for offset, (shopper, hour) in enumerate(log)]
    with TemporaryDirectory() as name:
        folder, failures = Path(name), list(breaks)
        place = BreakingPlace(name)
        while True:
            place.breaks_at = failures.pop() if failures else 0
            try:
                _follow(Lake(place), records, sizes)
                break
            except LakeUnavailable:
                continue
        last_erased = {record.key: record.offset for record in records if record.value is None}
        expected = [r.offset for r in records if r.value is not None and r.offset > last_erased.get(r.key, -1)]
        if records:
            assert sorted(row["offset"] for row in rows(folder)) == expected
            counts = {part.name for part in manifest(folder).parts}
            assert {each for each in place.names() if each.endswith(".parquet")} == counts
            assert sum(part.rows for part in manifest(folder).parts) == len(expected)


def _follow(lake: Lake, records: list[Said], sizes: list[int]) -> None:
    """From where the lake stands to the end."""
    at = lake.manifest.reached.get(TOPIC, Watermark("id", (0,))).offsets[0]
    for size in sizes:
        some = records[at : at + size]
        if not some:
            return
        at += len(some)
        lake.commit(batch(some), {TOPIC: Watermark("id", (at,))})
    assert at == len(records)


def test_files_are_merged_when_their_hour_is_over(tmp_path: Path) -> None:
    """One file for an hour that is over; at most sixteen for the last one; in the order of the records."""
    lake = Lake(Place(str(tmp_path)))
    for offset in range(2 * MOST_SMALL):
        lake.commit(batch([said(offset, "ada", 0)]), {TOPIC: Watermark("id", (offset + 1,))})
        assert len(manifest(tmp_path).parts) <= MOST_SMALL
    lake.commit(batch([said(99, "ada", 1)]), {TOPIC: Watermark("id", (100,))})
    assert [(part.hour, part.rows) for part in sorted(manifest(tmp_path).parts, key=lambda part: part.hour)] == [
        ("2026-01-01T00", 2 * MOST_SMALL), ("2026-01-01T01", 1),
    ]  # fmt: skip
    first = next(part for part in manifest(tmp_path).parts if part.hour.endswith("00"))
    offsets = Place(str(tmp_path)).read_table(first.name)["offset"].to_pylist()
    assert offsets == sorted(offsets)


def test_products_are_cards_and_facts(tmp_path: Path) -> None:
    """A record is a card and its facts; a tombstone a card that is gone; what says nothing is counted."""
    records = [
        Said(0, b"sku-1", product("sku-1", ("color", "blue"), ("size", "xl"))),
        Said(1, b"sku-1", None),
        Said(2, b"sku-2", b"no json"),
    ]
    made = batch(records, "products")
    Lake(Place(str(tmp_path))).commit(made, {"cards": Watermark("id", (3,))})
    assert [(row["product"], row["code"], row["gone"]) for row in rows(tmp_path, "cards")] == [
        ("sku-1", "sku-1", False), ("sku-1", None, True),
    ]  # fmt: skip
    assert [(row["name"], row["value"]) for row in rows(tmp_path, "facts")] == [("color", "blue"), ("size", "xl")]
    assert (made.records, made.refused) == (3, 1)


def test_one_process_writes(tmp_path: Path) -> None:
    """The other one ends, and nothing of it counts, though it had read less."""
    one, other = Lake(Place(str(tmp_path))), Lake(Place(str(tmp_path)))
    one.commit(batch([said(0, "ada", 0), said(1, "bob", 0)]), {TOPIC: Watermark("id", (2,))})
    with pytest.raises(ContractMismatch, match="somebody else writes"):
        other.commit(batch([said(0, "ada", 0)]), {TOPIC: Watermark("id", (1,))})
    assert len(rows(tmp_path)) == 2


class OpenedPlace(Place):
    """Another process opens the lake before the manifest is written."""

    def write(self, name: str, data: Any) -> None:
        """As it does."""
        if name == NAME:
            Lake(Place(self.uri))
        super().write(name, data)


def test_who_opens_a_lake_takes_nothing_from_who_writes(tmp_path: Path) -> None:
    """The files of a batch are there when its manifest names them."""
    Lake(OpenedPlace(str(tmp_path))).commit(batch([said(0, "ada", 0)]), {TOPIC: Watermark("id", (1,))})
    assert len(rows(tmp_path)) == 1


@pytest.mark.parametrize("name", ["orders.parquet", "intents/hour=2026-01-01T00/part-0.parquet", "cards/a.parquet"])
def test_files_of_others_stay(tmp_path: Path, name: str) -> None:
    """A place may hold other Parquet files, as a bucket's root does."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(b"theirs")
    Lake(Place(str(tmp_path))).commit(batch([said(0, "ada", 0)]), {TOPIC: Watermark("id", (1,))})
    assert (tmp_path / name).read_bytes() == b"theirs"


def test_intents_are_read_back(tmp_path: Path) -> None:
    """Those of the shoppers who are asked for, up to an hour, as the topic had them."""
    place = Place(str(tmp_path))
    log = [said(0, "ada", 0), said(1, "bob", 0), said(2, "ada", 2)]
    Lake(place).commit(batch(log), {TOPIC: Watermark("id", (3,))})
    [found] = intents(place, ["ada"], "2026-01-01T01")
    assert found.dump() == log[0].value


def test_what_is_no_lake_is_named(tmp_path: Path) -> None:
    """An empty place, a manifest that is none, a URI that is none, a place that refuses."""
    with pytest.raises(SettingInvalid, match="has no _manifest"):
        intents(Place(str(tmp_path)), ["ada"], "2026")
    (tmp_path / NAME).write_text("{}")
    with pytest.raises(ContractMismatch, match="cannot be read"):
        Lake(Place(str(tmp_path)))
    with pytest.raises(SettingInvalid, match="no place for files"):
        Place("nosuch://bucket/path")
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeUnavailable):
        Place(str(tmp_path / "file")).write("a/b.parquet", b"")
