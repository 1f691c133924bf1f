"""Files of results: whole or not there, Parquet in parts of bounded rows that a reader takes as one table."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from penchant.offline.products.columns import Columns
from penchant.offline.products.reading import read
from penchant.offline.products.writing import product_row, rows
from streams.records.cards import Card
from streams.records.products import Product, Understood
from tests.penchant.offline.products.test_reading import PROMPTS

COLUMNS = Columns(id="product", title="code")
FOLDER = "products.parquet"


def known(at: int) -> Understood:
    """A product with a card."""
    return Understood(f"sku-{at}", (), (), Card(category="home/kettles", code=f"kettle {at}"), "")


def write(folder: Path, products: Iterable[int], most: int) -> dict[str, bytes]:
    """The products as Parquet, in parts of so many; the files by name."""
    with rows(folder / FOLDER, "parquet", most) as table:
        for at in products:
            table.write(product_row(known(at)))
    return {each.name: each.read_bytes() for each in (folder / FOLDER).iterdir()}


@given(count=st.integers(0, 9), most=st.integers(1, 4))
def test_each_part_is_full_but_the_last(tmp_path_factory: pytest.TempPathFactory, count: int, most: int) -> None:
    """All rows stand once and in order; without rows there is one part, with the columns."""
    folder = tmp_path_factory.mktemp("parts")
    names = sorted(write(folder, range(count), most))
    assert names == [f"part-{number:05}.parquet" for number in range(max(1, -(-count // most)))]
    sizes = [parquet.read_metadata(folder / FOLDER / name).num_rows for name in names]
    assert set(sizes[:-1]) <= {most}
    table = parquet.read_table(folder / FOLDER)
    assert table.column("product").to_pylist() == [f"sku-{at}" for at in range(count)]
    assert "segments" in table.column_names


def test_a_second_run_gives_the_same_bytes(tmp_path: Path) -> None:
    """In the place of the first, whose surplus parts are gone."""
    write(tmp_path, range(9), 2)
    first = write(tmp_path, range(5), 2)
    assert write(tmp_path, range(5), 2) == first
    assert len(first) == 3
    assert [each.name for each in tmp_path.iterdir()] == [FOLDER]


def test_a_run_that_fails_leaves_what_was(tmp_path: Path) -> None:
    """Whole, and nothing beside it."""
    before = write(tmp_path, range(5), 2)

    def failing() -> Iterator[int]:
        yield from (7, 8, 9)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(tmp_path, failing(), 2)
    assert {each.name: each.read_bytes() for each in (tmp_path / FOLDER).iterdir()} == before
    assert [each.name for each in tmp_path.iterdir()] == [FOLDER]


def test_what_a_killed_run_left_is_put_right(tmp_path: Path) -> None:
    """Half of the new parts, and the old folder under its second name, if it was killed between the two renames."""
    before = write(tmp_path, range(5), 2)
    (tmp_path / FOLDER).rename(tmp_path / f".{FOLDER}.old")
    (tmp_path / f".{FOLDER}.new").mkdir()
    (tmp_path / f".{FOLDER}.new" / "part-00000.parquet").write_bytes(b"half")
    with pytest.raises(RuntimeError), rows(tmp_path / FOLDER, "parquet", 2):
        raise RuntimeError
    assert {each.name: each.read_bytes() for each in (tmp_path / FOLDER).iterdir()} == before
    assert [each.name for each in tmp_path.iterdir()] == [FOLDER]


def test_a_file_of_an_earlier_version_is_replaced(tmp_path: Path) -> None:
    """By the folder of the same name."""
    parquet.write_table(pa.table({"product": ["a"]}), tmp_path / FOLDER)
    assert set(write(tmp_path, range(1), 2)) == {"part-00000.parquet"}


def test_a_folder_of_parts_is_a_catalogue(tmp_path: Path) -> None:
    """Read part by part, as `eval --products` and `learn --products` do; an id of an earlier part is refused."""
    write(tmp_path, [0, 1, 2, 3, 4, 1], 2)
    found = list(read(tmp_path / FOLDER, COLUMNS, PROMPTS))
    assert [each.id for each in found] == [f"sku-{at}" for at in (0, 1, 2, 3, 4, 1)]
    assert [isinstance(each, Product) for each in found] == [True] * 5 + [False]
