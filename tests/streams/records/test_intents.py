"""Intents as JSON, and back."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.records.history import Readable
from streams.records.intents import NO_SIGNALS, Intent, Mission, PriceBand, Weighted, Window

INTENT = Intent(
    mission=Mission(label="gift", text='For "Åse" \u2028\n'),
    stage="compare",
    categories=(Weighted(name="home/kettles", weight=1.0),),
    price_band=PriceBand(low=19.99, high=60.0, currency="EUR"),
    shopper="ada",
    window=Window(from_ms=0, to_ms=9_000, events=4),
    as_of_ms=9_000,
    written_at_ms=9_250,
    source="model",
    position="0:5:0",
)
WRITTEN = (
    '{"mission":{"label":"gift","text":"For \\"Åse\\" \u2028\\n"},"stage":"compare",'
    '"categories":[{"name":"home/kettles","weight":1.0}],"brands":[],"attributes":[],"price_band":{"low":19.99,"high":60.0,"currency":"EUR"},"avoid":[],'
    '"signals":{"urgency":0.0,"gift":0.0,"seasonal":0.0},"next_action":{"view":0.0,"search":0.0,"cart":0.0,'
    '"purchase":0.0,"leave":0.0},"confidence":0.0,"evidence":[],"inferred":[],"schema_version":1,"shopper":"ada",'
    '"window":{"from_ms":0,"to_ms":9000,"events":4},"as_of_ms":9000,"written_at_ms":9250,"source":"model","model":"",'
    '"replica":"","prompt_version":"","arm":"","learned":"","position":"0:5:0","purposes":null,"waits":{"debounce_ms":'
    '0.0,"backlog_ms":0.0,"limiter_ms":0.0,"queue_ms":0.0,"prefill_ms":0.0,"decode_ms":0.0,"write_ms":0.0}}'
)


def test_it_is_written_byte_by_byte_as_promised() -> None:
    """All fields, in their order, as rankers have read them since the first version."""
    assert INTENT.dump().decode() == WRITTEN


@given(st.text(), st.floats(min_value=0, max_value=1e15, allow_nan=False), st.floats(0, 1))
def test_what_is_written_reads_back(text: str, price: float, weight: float) -> None:
    """Every text and number, through the document and through the history."""
    made = structs.replace(
        INTENT,
        mission=Mission(label="other", text=text[:140]),
        price_band=PriceBand(low=price, high=price),
        signals={**NO_SIGNALS, "spring": weight},
        evidence=(text,),
    )
    assert Intent.load(made.dump()) == made
    assert Readable.load(Readable(made, 9_300, 99_000).dump()) == Readable(made, 9_300, 99_000)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stage", "asleep"),
        ("confidence", 1.5),
        ("mission", {"label": ""}),
        ("categories", [{"name": "x" * 121, "weight": 0.5}]),
        ("price_band", {"low": -1.0, "high": 2.0}),
        ("signals", {"gift": -0.1}),
        ("window", None),
        ("colour", "blue"),
    ],
)
def test_reading_checks(field: str, value: object) -> None:
    """What is no intent is refused where it is read, whatever wrote it."""
    doc = msgspec.json.encode({**msgspec.to_builtins(INTENT), field: value})
    with pytest.raises(ValueError, match=field if field != "colour" else "unknown field"):
        Intent.load(doc)


def test_a_document_of_an_older_writer_reads() -> None:
    """Fields that came since then have their defaults; whole numbers do for shares."""
    whole = msgspec.to_builtins(INTENT)
    older = {name: value for name, value in whole.items() if name not in {"inferred", "learned", "purposes", "signals"}}
    assert Intent.load(msgspec.json.encode({**older, "confidence": 0})) == INTENT
    assert math.isclose(sum(Intent.load(WRITTEN).signals.values()), 0)
