"""Records of a topic of products: what each comes to, and what becomes of those that are none."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.offline.products.columns import Columns
from penchant.offline.products.reading import Rejected
from penchant.offline.products.records import Changes, changes
from prompts.products.asking import ProductPrompts
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.records.products import Product

PROMPTS = ProductPrompts(DEFAULT_VOCABULARY)
COLUMNS = Columns(id="sku", title="name", price="eur")


@dataclass(frozen=True)
class Told:
    """A record."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes | None]] = field(default=())


def read(*records: tuple[bytes | None, bytes | None]) -> Changes:
    """What the records of partition 3 come to, from offset 0 on."""
    told = [Told(key, value, at) for at, (key, value) in enumerate(records)]
    return changes(3, told, COLUMNS, PROMPTS)


def test_the_newest_record_of_a_product_counts() -> None:
    """A tombstone, a return after one, and a row that does not repeat its id."""
    found = read(
        (b"a", b'{"name": "Kettle", "eur": 9}'), (b"b", b'{"sku": "b", "name": "Shoe"}'), (b"c", b'{"name": "Lamp"}'),
        (b"a", b'{"name": "Kettle", "eur": 8}'), (b"b", None), (b"c", b""), (b"c", b'{"name": "Lamp"}'),
    )  # fmt: skip
    assert found == Changes((Product("a", "Kettle", price=8.0), Product("c", "Lamp")), ("b",), ())


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (None, b'{"sku": "a", "name": "Kettle"}', "the record has no key"),
        (None, None, "the record has no key"),
        (b"", b"{}", "the record has no key"),
        (b"a{b}", b'{"name": "Kettle"}', "sku: an id has"),
        (b"a{b}", None, "sku: an id has"),
        (b"a", b'{"sku": "z", "name": "Kettle"}', "sku: the row says 'z', the record's key 'a'"),
        (b"a", b'{"sku": null, "name": "Kettle"}', "sku: an id has"),
        (b"a", b"{", "no JSON"),
        (b"a", b"[]", "no object"),
        (b"a", b"\x00\x00\x00\x00\x05avro", "no JSON"),
        (b"a", b'{"eur": 5}', "name: there is no text"),
        (b"a", b'{"name": "Kettle", "eur": "cheap"}', "eur: 'cheap' is no number"),
    ],
)
def test_a_bad_record_is_rejected_and_changes_nothing(key: bytes | None, value: bytes | None, reason: str) -> None:
    """What an earlier one said of the product stands, and those around it are read."""
    found = read((b"a", b'{"name": "Old"}'), (key, value), (b"b", b'{"name": "Next"}'))
    [rejected] = found.rejected
    assert (rejected.row, rejected.reason[: len(reason)]) == ("3:1", reason)
    assert [each.title for each in found.products] == ["Old", "Next"]


anything = st.one_of(
    st.none(), st.binary(max_size=40), st.dictionaries(st.sampled_from(["sku", "name", "eur"]),
                                                       st.one_of(st.text(max_size=9), st.integers(), st.none()),
                                                       max_size=3).map(lambda row: json.dumps(row).encode()),
)  # fmt: skip


@given(st.lists(st.tuples(st.one_of(st.none(), st.binary(max_size=6), st.sampled_from([b"a", b"b"])), anything)))
def test_no_record_is_lost_and_no_product_stands_twice(records: list[tuple[bytes | None, bytes | None]]) -> None:
    """Whatever they hold."""
    found = read(*records)
    named = [each.id for each in found.products] + list(found.gone)
    assert len(named) == len(set(named))
    assert len(found.rejected) + len(named) <= len(records)
    if len({key for key, _ in records}) == len(records):
        assert len(found.rejected) + len(named) == len(records)
    assert all(isinstance(each, Rejected) and each.reason for each in found.rejected)
