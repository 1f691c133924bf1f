"""Catalogues as they come: every row is a product, or is refused with a reason."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from penchant.offline.products.columns import Columns, columns
from penchant.offline.products.reading import Rejected, Shard, read
from prompts.products.asking import ProductPrompts
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.errors import SettingInvalid
from streams.records.products import Campaign, Product

PROMPTS = ProductPrompts(DEFAULT_VOCABULARY)
COLUMNS = Columns(
    id="sku", title="name", description="text", reviews=("review",), category="path", category_separator=">",
    brand="maker", price="eur", currency="code", image_url="photo",
)  # fmt: skip
ROW = {"sku": "a", "name": "Kettle", "text": "Quiet.", "review": "Fine", "path": "home > kettles", "maker": "Tarn",
       "eur": "9.90", "code": "eur", "photo": "https://cdn.example/a.png"}  # fmt: skip
PHOTO = "https://cdn.example/a.png"
PRODUCT = Product("a", "Kettle", "Quiet.", ("Fine",), "home/kettles", "Tarn", 9.9, "EUR", PHOTO)


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """The rows as a file of the ending's kind."""
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".csv":
        lines = [",".join(ROW), *(",".join(json.dumps(row[name]) for name in ROW) for row in rows)]
        path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    else:
        path.write_text("\n\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def found(path: Path) -> list[Product | Rejected]:
    """What is read of it."""
    return list(read(path, COLUMNS, PROMPTS))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_each_kind_of_file_gives_the_same_products(tmp_path: Path, ending: str) -> None:
    """In the order of the rows; a second row of an id is refused, and nothing is in twice."""
    rows = [ROW, ROW | {"sku": "b", "eur": "0", "review": ""}, ROW | {"name": "Other"}]
    assert found(write(tmp_path / f"catalogue.{ending}", rows)) == [
        PRODUCT,
        Product("b", "Kettle", "Quiet.", (), "home/kettles", "Tarn", None, "EUR", PHOTO),
        Rejected(3, "a", "sku: 'a' stands in a row before"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sku": ""}, "sku: an id has"),
        ({"sku": "a{b}"}, "sku: an id has"),
        ({"sku": "a" * 129}, "sku: an id has"),
        ({"sku": None}, "sku: an id has"),
        ({"name": " ", "text": "", "review": ""}, "name: there is no text"),
        ({"eur": "cheap"}, "eur: 'cheap' is no number"),
        ({"eur": -1}, "eur: -1 is no price"),
        ({"eur": "nan"}, "eur: nan is no price"),
        ({"eur": [1]}, "eur: '[1]' is no number"),
        ({"code": "euros"}, "code: 'euros' is no code"),
        ({"maker": "x" * 121}, "brand: more than 120"),
        ({"path": "x" * 121}, "category: more than 120"),
        ({"name": {"en": "Kettle"}}, "name: a text is wanted"),
        ({"review": {"stars": 5}}, "review: a text, or a list of texts"),
        ({"photo": ["a"]}, "photo: a text is wanted"),
        ({"review": ["fine", 5]}, "review: a text, or a list of texts"),
        ({"text": "word " * 110_000}, "its text has about"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    """And the rows around it are read."""
    rows = [ROW | {"sku": "first"}, ROW | change, ROW | {"sku": "last"}]
    first, refused, last = found(write(tmp_path / "catalogue.jsonl", rows))
    assert isinstance(refused, Rejected)
    assert (refused.row, refused.reason[: len(reason)]) == (2, reason)
    assert isinstance(first, Product)
    assert isinstance(last, Product)


def test_a_folder_within_a_folder_is_left_out(tmp_path: Path) -> None:
    """Whatever its name ends in; a link to a file that is gone is told of."""
    (tmp_path / "old.parquet").mkdir()
    with pytest.raises(SettingInvalid, match="has no file of a catalogue"):
        found(tmp_path)
    write(tmp_path / "catalogue.jsonl", [ROW])
    assert found(tmp_path) == [PRODUCT]
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    with pytest.raises(SettingInvalid, match=r"gone\.csv cannot be read"):
        found(tmp_path)


@pytest.mark.parametrize("of", [1, 2, 5])
def test_every_row_is_in_one_shard(tmp_path: Path, of: int) -> None:
    """Rejects too; an id that comes twice is refused where its first row is."""
    rows = [ROW | {"sku": f"sku-{at % 30}" if at % 7 else ""} for at in range(60)]
    path = write(tmp_path / "catalogue.jsonl", rows)
    parts = [list(read(path, COLUMNS, PROMPTS, Shard(number, of))) for number in range(of)]
    assert sorted(map(repr, found(path))) == sorted(repr(each) for part in parts for each in part)
    assert all(parts)


@pytest.mark.parametrize("text", ["", "2", "2/2", "-1/2", "0/0", "1/x", "a/2", "1/2/3"])
def test_a_shard_that_is_none_is_named(text: str) -> None:
    """With the form of one."""
    with pytest.raises(SettingInvalid, match="is no shard"):
        Shard.parse(text)
    assert Shard.parse("3/4") == Shard(3, 4)


def test_lines_that_are_no_rows_are_refused(tmp_path: Path) -> None:
    """Broken JSON, a list, too few cells."""
    lines = tmp_path / "catalogue.jsonl"
    lines.write_text('{"sku": \n[1]\n' + json.dumps(ROW), encoding="utf-8")
    assert [each.reason[:9] if isinstance(each, Rejected) else each for each in found(lines)] == [
        "no JSON: ", "no object", PRODUCT,
    ]  # fmt: skip
    table = write(tmp_path / "catalogue.csv", [ROW])
    table.write_text(table.read_text(encoding="utf-8") + "b,Kettle\n", encoding="utf-8")
    assert found(table)[1] == Rejected(2, "", "2 cells, while the header has 9")


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("", None),
        ("2026-12-01T08:00", 1_796_112_000_000),
        ("2026-12-01T08:00+01:00", 1_796_108_400_000),
        ("2026-11-30", 1_796_083_200_000),
        ("soon", "campaign_until: 'soon' is no time as 2026-12-01T08:00"),
        ("1796112000000", "campaign_until: '1796112000000' is no time as 2026-12-01T08:00"),
        ("9999-12-31", "campaign_until: '9999-12-31' is no time as 2026-12-01T08:00"),
    ],
)
def test_a_campaign_has_a_name_and_an_end(tmp_path: Path, until: str, expected: int | str | None) -> None:
    """A time, or a day to its end; what is none refuses the row by its column."""
    path = write(
        tmp_path / "catalogue.jsonl", [{"id": "a", "title": "Kettle", "campaign": "Sale", "campaign_until": until}]
    )
    [row] = read(path, Columns(campaign="campaign", campaign_until="campaign_until"), PROMPTS)
    if isinstance(row, Rejected):
        assert row.reason == expected
    else:
        assert row.campaign == Campaign("Sale", None if expected is None else int(expected))


def test_a_campaign_with_a_long_name_refuses_the_row(tmp_path: Path) -> None:
    """Prompts have room for so much."""
    path = write(tmp_path / "catalogue.jsonl", [{"id": "a", "title": "Kettle", "campaign": "x" * 61}])
    [row] = read(path, Columns(campaign="campaign"), PROMPTS)
    assert isinstance(row, Rejected)
    assert row.reason == "campaign: more than 60 characters"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("catalogue.csv", "sku,title\n1,a\n", "has no column 'name'"),
        ("catalogue.xlsx", "", "has the ending .xlsx"),
        ("catalogue.parquet", "no parquet", "cannot be read"),
        ("catalogue.csv", "", "has no column 'sku'"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str, content: str, told: str) -> None:
    """With the column that it lacks, and what to do."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingInvalid, match=told) as fault:
        found(path)
    assert fault.value.remedy


@pytest.mark.parametrize(
    ("toml", "told"), [('titel = "name"', "titel"), ("title = 5", "title"), ("title =", "cannot be read")]
)
def test_what_is_wrong_with_the_columns_is_named(tmp_path: Path, toml: str, told: str) -> None:
    """By key."""
    path = tmp_path / "columns.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(SettingInvalid, match=told):
        columns(path)
