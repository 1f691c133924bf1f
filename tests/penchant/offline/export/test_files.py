"""Files: requests in each form, and errors that name the row."""

from pathlib import Path

import pytest

from penchant.offline.export.files import read, write
from streams.errors import SettingInvalid

AT_MS = 1_767_225_600_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", f"who,at\nada,{AT_MS}\nbob,2026-01-01T00:00:01Z\n"),
        ("a.jsonl", f'{{"who":"ada","at":{AT_MS}}}\n\n{{"who":"bob","at":"2026-01-01T00:00:01+00:00"}}\n'),
    ],
)
def test_each_form_is_read(tmp_path: Path, name: str, text: str) -> None:
    """Times are milliseconds, or ISO 8601, UTC unless they say otherwise."""
    (tmp_path / name).write_text(text)
    rows = read(tmp_path / name, "who", "at")
    assert [(row["who"], row["at"]) for row in rows] == [("ada", AT_MS), ("bob", AT_MS + 1_000)]


def test_parquet_reads_back(tmp_path: Path) -> None:
    """What was written, missing values included."""
    rows = [{"who": "ada", "at": AT_MS, "stage": None}, {"who": "bob", "at": AT_MS, "stage": "cart"}]
    write(tmp_path / "a.parquet", rows)
    assert read(tmp_path / "a.parquet", "who", "at") == rows


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "who,at\nada,noon\n", r"row 1: 'noon' is no time"),
        ("a.csv", "who\nada\n", r"row 1: there is no at"),
        ("a.jsonl", '{"who":', "cannot be read"),
        ("a.xlsx", "", "the ending .xlsx"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    """The file, the row, and the remedy."""
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingInvalid, match=said):
        read(tmp_path / name, "who", "at")


def test_a_column_that_is_wanted_too_is_there_in_each_row(tmp_path: Path) -> None:
    """A product that no row names would have no outcome, which is not the same as none that is known."""
    (tmp_path / "a.jsonl").write_text(f'{{"who":"ada","at":{AT_MS},"sku":"p-1"}}\n{{"who":"bob","at":{AT_MS}}}\n')
    with pytest.raises(SettingInvalid, match="row 2: there is no sku"):
        read(tmp_path / "a.jsonl", "who", "at", "sku")
