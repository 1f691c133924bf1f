"""Recordings: which files we read, and what is said of others."""

import gzip
from pathlib import Path

import pytest

from streams.errors import SettingInvalid
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.events.formats import rees46
from streams.events.formats.rows import BadRow
from streams.events.recording import recording

OTTO = Path(__file__).parents[2] / "data" / "otto_sessions.jsonl"
ROW = b"2019-10-01 00:00:05 UTC,view,1480613,2053013561092866779,computers.desktop,pulser,908.62,512742880,0d0d91c2"


def test_a_rees46_file_is_known_by_its_header(tmp_path: Path) -> None:
    """Whatever its name."""
    file = tmp_path / "october"
    file.write_bytes(b"\n".join([rees46.HEADER, ROW, b"garbage"]))
    event, bad = recording(file)
    assert isinstance(event, ShopperEvent)
    assert bad == BadRow(None, b"garbage")


def test_an_otto_file_is_known_by_its_first_session() -> None:
    """The committed sample plays whole."""
    assert sum(isinstance(event, ShopperEvent) for event in recording(OTTO)) == 862


def test_an_otto_file_may_begin_with_a_bad_line(tmp_path: Path) -> None:
    """Then its name tells."""
    file = tmp_path / "sessions.jsonl"
    file.write_bytes(b"garbage\n" + OTTO.read_bytes())
    assert next(recording(file)) == BadRow(None, b"garbage")


def test_a_native_file_is_known_by_its_first_event(tmp_path: Path) -> None:
    """Whatever its name; a bad line is passed on as it stands."""
    events = [event for event in recording(OTTO) if isinstance(event, ShopperEvent)][:3]
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join([*map(encode, events), b"garbage"]))
    assert list(recording(file)) == [*events, BadRow(None, b"garbage")]


def test_packed_files_are_unpacked_on_the_way(tmp_path: Path) -> None:
    """The full data sets come packed, and are larger than memory."""
    file = tmp_path / "events.csv.gz"
    file.write_bytes(gzip.compress(rees46.HEADER + b"\n" + ROW))
    assert len(list(recording(file))) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("b.csv", b"id,name\n1,one\n"),
        ("c.gz", b"no gzip"),
        ("d.gz", gzip.compress(rees46.HEADER, mtime=0)[:-9]),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    """What is wrong is said before anything is sent."""
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(SettingInvalid, match=name):
        recording(file)


def test_no_file_is_refused_by_name(tmp_path: Path) -> None:
    """A file that is not there, or is a folder."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(SettingInvalid, match="cannot be read"):
            recording(path)


def test_a_damaged_file_says_so_where_it_is_damaged(tmp_path: Path) -> None:
    """The events before the damage are read."""
    file = tmp_path / "events.csv.gz"
    file.write_bytes(gzip.compress(b"\n".join([rees46.HEADER, *[ROW] * 100_000]))[:-20])
    events = recording(file)
    assert isinstance(next(events), ShopperEvent)
    with pytest.raises(SettingInvalid, match=r"events\.csv\.gz cannot be read"):
        list(events)
