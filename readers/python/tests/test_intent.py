"""Decoding: what a ranker gets for what the hash holds."""

from datetime import timedelta

import pytest

from penchant_reader.decoding import decode
from penchant_reader.fields import ALL, OPTIONAL
from penchant_reader.intent import ReadIntent, ignore

READ_AT_MS = 69_000
HELD: dict[str, bytes | None] = {
    "schema": b"1", "position": b"0:5:0", "source": b"rules", "as_of": b"9000", "written_at": b"9250",
    "stage": b"compare", "mission": b"kitchen", "category": b"home/kettles", "brand": "Ålesund".encode(),
    "confidence": b"0.7", "price_low": b"19.99", "price_high": b"60.0",
    "currency": b"EUR", "purposes": b"advertising,personalisation",
    "next_categories": b"home/tea, coffee\nhome/mugs", "doc": b'{"stage":"compare"}',
}  # fmt: skip


def read(**changes: bytes | None) -> ReadIntent:
    """Decode a hash with these changes."""
    held = HELD | changes
    return decode("ada", [held[name] for name in ALL], READ_AT_MS, ignore)


def test_hot_fields_are_typed() -> None:
    """Text is text and numbers are numbers, without touching the JSON."""
    intent = read(doc=b"never parsed")
    assert not intent.missing
    assert (intent.stage, intent.mission, intent.category) == ("compare", "kitchen", "home/kettles")
    assert (intent.brand, intent.source, intent.position) == ("Ålesund", "rules", "0:5:0")
    assert (intent.confidence, intent.price_low, intent.price_high) == (0.7, 19.99, 60.0)
    assert (intent.as_of_ms, intent.written_at_ms, intent.schema) == (9_000, 9_250, 1)
    assert (intent.currency, intent.purposes) == ("EUR", ("advertising", "personalisation"))
    assert intent.next_categories == ("home/tea, coffee", "home/mugs")


def test_what_contract_1_lacks_is_absent() -> None:
    """A hash without currency and purposes is read all the same; agreed to nothing is something else."""
    intent = read(currency=None, purposes=None, next_categories=None)
    assert (intent.missing, intent.currency, intent.purposes) == (False, "", None)
    assert intent.next_categories == read(next_categories=b"").next_categories == ()
    assert read(purposes=b"").purposes == ()


@pytest.mark.parametrize("name", ["confidence", "price_low"])
@pytest.mark.parametrize("value", [b"nan", b"inf"])
def test_a_number_that_is_not_finite_is_no_intent(name: str, value: bytes) -> None:
    """A ranker's model would make nonsense of it."""
    with pytest.raises(ValueError, match="no number"):
        read(**{name: value})


def test_what_is_not_said_is_none_or_empty() -> None:
    """An empty price is no price of zero."""
    intent = read(price_low=b"", price_high=b"", brand=b"")
    assert (intent.price_low, intent.price_high, intent.brand) == (None, None, "")


def test_no_hash_is_a_missing_intent() -> None:
    """Nothing there is an answer, not a failure."""
    intent = decode("ada", [None] * len(ALL), READ_AT_MS, ignore)
    assert (intent.missing, intent.failed, intent.age, intent.stale(1e9)) == (True, False, None, True)
    assert intent.doc == {}


def test_age_runs_from_the_last_event_to_the_read() -> None:
    """And staleness with it."""
    intent = read()
    assert intent.age == timedelta(minutes=1)
    assert (intent.stale(59), intent.stale(61)) == (True, False)


@pytest.mark.parametrize("name", [name for name in ALL if name not in OPTIONAL])
def test_half_a_hash_is_no_intent(name: str) -> None:
    """A missing field is an error, whichever it is, not a default."""
    with pytest.raises(ValueError, match=f"lacks {name}"):
        read(**{name: None})


@pytest.mark.parametrize("name", ["schema", "as_of", "written_at", "confidence", "price_low", "price_high"])
def test_a_number_that_is_none_is_no_intent(name: str) -> None:
    """It is not taken for zero."""
    with pytest.raises(ValueError, match="soon"):
        read(**{name: b"soon"})


@pytest.mark.parametrize("values", [[], [b"1"], [None] * 3, [b"1"] * 99])
def test_a_reply_of_another_size_is_no_intent(values: list[bytes | None]) -> None:
    """Whatever listens there, it is no Redis."""
    with pytest.raises(ValueError, match=f"has {len(values)} values"):
        decode("ada", values, READ_AT_MS, ignore)


def test_a_later_schema_is_not_read() -> None:
    """Its fields may mean something else; the error says what to do."""
    with pytest.raises(ValueError, match="upgrade penchant-reader"):
        read(schema=b"99")


def test_the_document_is_parsed_once() -> None:
    """At the first use."""
    intent = read()
    assert intent.doc == {"stage": "compare"}
    assert intent.doc is intent.doc


@pytest.mark.parametrize("doc", [b"{", b"\xff", b"[1]"])
def test_an_unreadable_document_is_empty_and_told(doc: bytes) -> None:
    """It spoils no hot field, and the reader hears of it."""
    heard: list[Exception] = []
    intent = decode("ada", [(HELD | {"doc": doc})[name] for name in ALL], READ_AT_MS, heard.append)
    assert (intent.stage, intent.doc) == ("compare", {})
    assert len(heard) == 1
