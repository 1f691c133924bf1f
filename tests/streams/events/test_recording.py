"""Recordings: which files we read, and what is said of others."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from streams.errors import SettingInvalid
from streams.events.decoding import encode
from streams.events.dialects import DialectName
from streams.events.event import ShopperEvent
from streams.events.formats import rees46
from streams.events.formats.rows import BadRow
from streams.events.recording import dialect_of, recording
from tests.streams.dialect_records import ENVELOPE, FIXTURES, FORMATS, SEGMENT, decode

OTTO = Path(__file__).parents[2] / "data" / "otto_sessions.jsonl"
ROW = b"2019-10-01 00:00:05 UTC,view,1480613,2053013561092866779,computers.desktop,pulser,908.62,512742880,0d0d91c2"
REES46 = rees46.HEADER + b"\n" + ROW + b"\n"
RETAILROCKET = (
    b"timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n"
    b"1433224214164,992329,addtocart,248676,\n1433223236124,287857,transaction,287857,4000\nbad\n"
)
CLICKS = b"1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:54:09.868Z,214536500,S\nbad\n"
BUYS = b"420374,2014-04-06T18:44:58.314Z,214537888,12462,2\n"


def _zipped(content: bytes, *more: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("events", *more):
            archive.writestr(name, content)
    return file.getvalue()


def _file(folder: Path, content: bytes, name: str = "file") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    "header", [rees46.HEADER, rees46.HEADER.replace(b",", b'","').join([b'"', b'"']), b"\xef\xbb\xbf" + rees46.HEADER]
)
def test_a_rees46_file_is_known_by_its_header(tmp_path: Path, header: bytes) -> None:
    """Whatever its name, quoted or not, and behind a byte order mark."""
    event, bad = recording(_file(tmp_path, b"\n".join([header, ROW, b"garbage"]), "october"))
    assert isinstance(event, ShopperEvent)
    assert bad == BadRow(None, b"garbage")


def test_rows_of_rees46_need_no_header(tmp_path: Path) -> None:
    """They may have been cut out of a larger file."""
    assert len(list(recording(_file(tmp_path, ROW)))) == 1


def test_an_otto_file_is_known_by_its_first_session() -> None:
    """The committed sample plays whole."""
    assert sum(isinstance(event, ShopperEvent) for event in recording(OTTO)) == 862


def test_a_file_may_begin_with_a_bad_line(tmp_path: Path) -> None:
    """A later one tells what it is."""
    assert next(recording(_file(tmp_path, b"garbage\n" + OTTO.read_bytes()))) == BadRow(None, b"garbage")


def test_a_native_file_is_known_by_its_first_event(tmp_path: Path) -> None:
    """Whatever its name; a bad line is passed on as it stands."""
    events = [event for event in recording(OTTO) if isinstance(event, ShopperEvent)][:3]
    file = _file(tmp_path, b"\n".join([*map(encode, events), b"garbage"]), "sessions.csv")
    assert list(recording(file)) == [*events, BadRow(None, b"garbage")]


@pytest.mark.parametrize("name", FORMATS)
def test_every_dialect_of_a_topic_is_one_of_a_file(tmp_path: Path, name: DialectName) -> None:
    """What becomes of its lines is what becomes of records; those of no interest are passed over."""
    lines = [orjson.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_bytes().splitlines()]
    records = [line["record"] for line in lines]
    expected = [event for each in records for _, _, event in decode(name, each).events]
    file = _file(tmp_path, b"\n".join(map(orjson.dumps, records)))
    assert dialect_of(file) == name
    assert [each for each in recording(file) if isinstance(each, ShopperEvent)] == expected
    envelopes = b"\n".join(orjson.dumps(ENVELOPE | {"data": each}) for each in records)
    file = _file(tmp_path, envelopes)
    assert dialect_of(file) == "cloudevents"
    assert len([each for each in recording(file) if isinstance(each, ShopperEvent)]) == len(expected)


def test_a_line_without_a_time_is_a_bad_one(tmp_path: Path) -> None:
    """A file has no record's timestamp to take in its place."""
    timed = SEGMENT | {"timestamp": "2024-05-01T10:00:00Z"}
    file = _file(tmp_path, b"\n".join(map(orjson.dumps, [SEGMENT, timed])))
    bad, good = recording(file)
    assert bad == BadRow(None, orjson.dumps(SEGMENT))
    assert isinstance(good, ShopperEvent)


def test_retailrocket_is_played(tmp_path: Path) -> None:
    """Views, carts and orders, by visitor; a bad row stays as it is."""
    file = _file(tmp_path, RETAILROCKET, "events.csv")
    *events, bad = recording(file)
    assert dialect_of(file) == "retailrocket"
    told = [(e.shopper_id, e.action, e.time_ms, e.items[0].id) for e in events if isinstance(e, ShopperEvent)]
    assert told == [
        ("257597", "view", 1_433_221_332_117, "355908"),
        ("992329", "cart_add", 1_433_224_214_164, "248676"),
        ("287857", "purchase", 1_433_223_236_124, "287857"),
    ]
    assert bad == BadRow(None, b"bad")


def test_yoochoose_is_played(tmp_path: Path) -> None:
    """Both of its files, which have no header."""
    file = _file(tmp_path, CLICKS, "yoochoose-clicks.dat")
    first, second, bad = recording(file)
    assert dialect_of(file) == "yoochoose"
    assert isinstance(first, ShopperEvent)
    assert isinstance(second, ShopperEvent)
    assert (first.shopper_id, first.action, first.time_ms) == ("1", "click", 1_396_867_869_277)
    assert (first.items[0].category, second.items[0].category) == (None, "special-offer")
    assert bad == BadRow(None, b"bad")
    (bought,) = recording(_file(tmp_path, BUYS))
    assert isinstance(bought, ShopperEvent)
    assert (bought.action, bought.items[0].id, bought.items[0].quantity) == ("purchase", "214537888", 2)


@pytest.mark.parametrize(
    "dress",
    [
        gzip.compress, bz2.compress, lzma.compress, _zipped, lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.decode().encode("utf-16"), lambda content: content.decode().encode("utf-16-le"),
        lambda content: content.decode().encode("utf-32"), lambda content: content.replace(b"\n", b"\r\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["events", "events.csv", "events.jsonl.gz"])
def test_a_file_is_read_in_any_dress(tmp_path: Path, dress: Callable[[bytes], bytes], name: str) -> None:
    """Packed, in UTF-16, or behind a byte order mark: told by its content, not by its name."""
    plain = list(recording(_file(tmp_path, REES46)))
    assert list(recording(_file(tmp_path, dress(REES46), name))) == plain
    lines = OTTO.read_bytes().splitlines(keepends=True)[0]
    assert list(recording(_file(tmp_path, dress(lines), name))) == list(recording(_file(tmp_path, lines)))


@pytest.mark.parametrize("indent", [0, orjson.OPT_INDENT_2])
def test_a_file_may_be_one_list(tmp_path: Path, indent: int) -> None:
    """As programs that write JSON whole make them."""
    calls = [SEGMENT | {"timestamp": f"2024-05-01T10:00:0{second}Z", "messageId": f"m{second}"} for second in range(3)]
    file = _file(tmp_path, orjson.dumps(calls, option=indent))
    assert dialect_of(file) == "segment"
    assert len(list(recording(file))) == 3


OTHERS = [
    (b"", "is empty"),
    (b"id,name\n1,one\n", "no column of any format"),
    (b"no gzip", "no column of any format"),
    (gzip.compress(rees46.HEADER)[:-9], "cannot be read"),
    (b"PAR1abc", "is a Parquet file"),
    (b"Obj\x01abc", "is an Avro file"),
    (b"SQLite format 3\0", "is an SQLite database"),
    (b"\x28\xb5\x2f\xfdabc", "is packed with zstd"),
    (b"<html>", "is HTML or XML"),
    (_zipped(REES46, "more"), "is a zip file with 2 files"),
    (_zipped(REES46, "[Content_Types].xml"), "is a workbook of Excel"),
    (b'{\n  "event": "x"\n}', "is JSON over several lines"),
    (b"[1, 2", "begins like a list"),
    (b'{"event_id":"e","action":"view"}', "nearest is native, but it lacks shopper_id, time_ms"),
    (b"user_id,product_id,event_type,brand,price\n", "nearest is REES46, but it lacks event_time"),
    (rees46.HEADER.replace(b",", b";"), "in another order or with another sign"),
    (b'"visitorid","event","itemid"\n', "nearest is RetailRocket, but it lacks timestamp"),
    (b"timestamp,itemid,property,value\n", "RetailRocket's item properties, which lack the shopper"),
    (b"categoryid,parentid\n", "RetailRocket's category tree"),
    (b"sessionId;userId;itemId;timeframe;eventdate\n", "Diginetica's item views, which lack the time of day"),
    (b"sessionId;userId;timeframe;eventdate;ordernumber;itemId\n", "Diginetica's purchases"),
    (b"queryId;timeframe;itemId\n", "Diginetica's clicks"),
    (b"t_dat,customer_id,article_id,price,sales_channel_id\n", "H&M's transactions, which lack the time of day"),
    (b"customer_id,FN,Active,club_member_status,fashion_news_frequency,age\n", "H&M's customers"),
    (b"order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day\n", "Instacart's orders, which lack item"),
    (b"order_id,product_id,add_to_cart_order,reordered\n", "Instacart's order products, which lack shopper"),
    (b"prev_items,next_item,locale\n", "Amazon-M2's sessions, which lack shopper and time"),
    (b"id,locale,title,price,brand,color\n", "Amazon-M2's products"),
]


@pytest.mark.parametrize(("content", "said"), OTHERS, ids=[said for _, said in OTHERS])
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, said: str) -> None:
    """With what they are, or are nearest to and lack, before anything is sent."""
    file = _file(tmp_path, content, "october.dat")
    with pytest.raises(SettingInvalid, match=r"october\.dat") as refused:
        recording(file)
    assert said in str(refused.value)
    assert refused.value.remedy


def test_no_file_is_refused_by_name(tmp_path: Path) -> None:
    """A file that is not there, or is a folder."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(SettingInvalid, match="cannot be read"):
            recording(path)


def test_a_damaged_file_says_so_where_it_is_damaged(tmp_path: Path) -> None:
    """The events before the damage are read."""
    file = _file(tmp_path, gzip.compress(b"\n".join([rees46.HEADER, *[ROW] * 100_000]))[:-20], "events.csv.gz")
    events = recording(file)
    assert isinstance(next(events), ShopperEvent)
    with pytest.raises(SettingInvalid, match=r"events\.csv\.gz cannot be read"):
        list(events)
