"""The packed field: all that the fields say, in one value, or none."""

from hypothesis import given
from hypothesis import strategies as st
from penchant_reader import HOT
from penchant_reader.decoding import PACKED_VERSION, SEPARATOR, UNSAID

from storage.intents import hot_fields, intent_fields
from storage.packed import MOST_BYTES, ORDER, VERSION, packed
from streams.records.intents import Intent, Weighted
from tests.agents.match.intents import intent, intents

NAMES = st.text(st.characters(codec="utf-8"), max_size=400)


def test_writer_and_reader_mean_the_same_list() -> None:
    """The same order, version and signs: they share no code."""
    assert (ORDER, VERSION, "\t", "-") == (HOT, PACKED_VERSION, SEPARATOR, UNSAID)


@given(intents)
def test_every_part_is_the_field_of_its_name(intent: Intent) -> None:
    """In the table's order; a reader that splits the list has the fields."""
    fields = intent_fields(intent)
    assert fields.items() >= hot_fields(intent).items()
    if "packed" in fields:
        version, *parts = fields["packed"].split("\t")
        held = dict(zip(ORDER, parts, strict=True))
        assert version == "1"
        assert {name: held[name] for name in fields if name != "packed"} == {
            name: value for name, value in fields.items() if name != "packed"
        }
        assert {held[name] for name in ORDER if name not in fields} <= {"", "-"}


@given(NAMES, NAMES)
def test_what_cannot_be_packed_is_not(brand: str, category: str) -> None:
    """A name with a tab, or too many bytes: readers then read the fields."""
    text = packed({"brand": brand, "category": category})
    if text is None:
        assert "\t" in brand + category or len((brand + category).encode()) > MOST_BYTES - 100
    else:
        assert len(text.encode()) <= MOST_BYTES
        assert (text.split("\t")[5], text.split("\t")[4]) == (brand, category)


def test_a_hash_that_is_not_packed_has_the_fields_alone() -> None:
    """Nothing half is written."""
    tabbed = intent(brands=(Weighted(name="Fern\thill", weight=1.0),))
    assert "packed" not in intent_fields(tabbed)
    assert intent_fields(tabbed)["brand"] == "Fern\thill"
