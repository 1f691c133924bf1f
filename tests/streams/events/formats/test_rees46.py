"""REES46: rows become events, and rows that are none stay what they are."""

from dataclasses import replace

import pytest

from streams.events.decoding import Decoder
from streams.events.event import Item, ShopperEvent
from streams.events.formats import rees46, rows
from streams.events.formats.rows import BadRow
from tests.lacks import DATA, needs

ROW = "2019-10-01 00:00:05 UTC,view,1480613,2053013561092866779,computers.desktop,pulser,908.62,512742880,0d0d91c2"
SAMPLE = "rees46_sample.csv"


def _read(*lines: str) -> list[ShopperEvent | BadRow]:
    return list(rees46.read([rees46.HEADER, *(line.encode() for line in lines)]))


def _event(line: str) -> ShopperEvent:
    (event,) = _read(line)
    assert isinstance(event, ShopperEvent)
    return event


def test_a_row_is_an_event() -> None:
    """Every column goes where it belongs."""
    assert replace(_event(ROW), event_id="any") == ShopperEvent(
        event_id="any",
        shopper_id="512742880",
        action="view",
        time_ms=1_569_888_005_000,
        items=(Item(id="1480613", title="Pulser desktop", category="computers/desktop", brand="pulser", price=908.62),),
        session_id="0d0d91c2",
    )


@pytest.mark.parametrize(
    ("theirs", "ours"), [("cart", "cart_add"), ("remove_from_cart", "cart_remove"), ("purchase", "purchase")]
)
def test_actions(theirs: str, ours: str) -> None:
    """Their four event types have ours."""
    assert _event(ROW.replace("view", theirs)).action == ours


@pytest.mark.parametrize(
    ("brand", "category", "title"),
    [
        ("samsung", "electronics.smartphone", "Samsung smartphone"),
        ("lg", "appliances.kitchen.washer", "LG washer"),
        ("", "appliances.environment.water_heater", "Water heater"),
        ("creed", "", "Creed product"),
        ("", "", None),
    ],
)
def test_titles_come_from_brand_and_category(brand: str, category: str, title: str | None) -> None:
    """The prompt needs words; either may be missing."""
    (item,) = _event(ROW.replace("pulser", brand).replace("computers.desktop", category)).items
    assert (item.title, item.brand, item.category) == (title, brand or None, category.replace(".", "/") or None)


def test_what_may_be_missing() -> None:
    """A price of 0 is one they did not know, and a session may have no name."""
    event = _event(ROW.replace("908.62", "0.00").replace("0d0d91c2", ""))
    assert (event.items[0].price, event.session_id) == (None, None)


def test_equal_rows_are_the_same_event_and_others_are_not() -> None:
    """Exact duplicates are recognised by their id."""
    same, again, other = (_event(row).event_id for row in (ROW, ROW, ROW.replace(":05", ":06")))
    assert same == again != other


@pytest.mark.parametrize("header", [b"\xef\xbb\xbf" + rees46.HEADER, rees46.HEADER])
def test_headers_are_no_rows(header: bytes) -> None:
    """Also when a byte order mark stands before it."""
    assert list(rees46.read([header])) == []


BAD = {
    "garbage": None,
    "2019-10-01 00:00:05 UTC,view,1480613": None,
    ROW + ",more": None,
    ROW.replace("pulser", '"pulser'): None,  # a quote that never ends must not swallow the rows after it
    ROW.replace("view", "dance"): b"512742880",
    ROW.replace("908.62", "-1"): b"512742880",
    ROW.replace("908.62", "nan"): b"512742880",
    ROW.replace("908.62", "dear"): b"512742880",
    ROW.replace(" UTC", ""): b"512742880",
    ROW.replace(" UTC", "+02:00 UTC"): b"512742880",
    ROW.replace("2019-10-01", "2019-13-01"): b"512742880",
    ROW.replace("1480613", ""): b"512742880",
    ROW.replace("512742880", ""): None,
    ROW.replace("512742880", "{512742880}"): b"{512742880}",
}


@pytest.mark.parametrize(("row", "key"), BAD.items())
def test_bad_rows_stay_as_they_are(row: str, key: bytes | None) -> None:
    """One bad row is one, keyed by its shopper where it has one, and the row after it is read."""
    assert _read(row, ROW) == [BadRow(key, row.encode()), _event(ROW)]


def test_rows_that_are_no_text_are_bad() -> None:
    """A file may hold any bytes."""
    assert list(rees46.read([b"\xff\xfe"])) == [BadRow(None, b"\xff\xfe")]


@pytest.mark.parametrize("row", BAD)
def test_bad_rows_are_refused_by_the_pipeline(row: str) -> None:
    """The number of dead letters is the number of bad rows."""

    class Record:
        offset, timestamp, key, value = 0, 0, BAD[row], row.encode()
        headers: tuple[tuple[str, bytes | None], ...] = ()

    assert len(Decoder().decode([Record()]).refused) == 1


@needs(SAMPLE)
def test_the_real_sample() -> None:
    """Each of its rows is an event, three of them exact duplicates, and some lack what rows may lack."""
    with (DATA / SAMPLE).open("rb") as file:
        events = [event for event in rees46.read(rows.lines(file)) if isinstance(event, ShopperEvent)]
    assert len(events) == 10_295
    assert len({event.event_id for event in events}) == 10_292
    assert sum(event.items[0].price is None for event in events) == 9
    assert sum(event.items[0].brand is None for event in events) == 1_501
    assert {event.action for event in events} == {"view", "cart_add", "purchase"}
