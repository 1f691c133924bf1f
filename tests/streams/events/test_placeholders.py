"""Placeholders: what stands where an id was not there is never a shopper, in any dialect and spelling."""

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.events.decoding import Decoder
from streams.events.dialects import DialectName
from streams.events.placeholders import PLACEHOLDERS, is_placeholder
from streams.events.wire import Wire
from tests.streams.dialect_records import AT_MS, REQUEST, SEGMENT, Sent, decode

NOBODY = (
    "undefined", "null", "(not set)", "0", "-1", "00000000-0000-0000-0000-000000000000", "N/A", "none", "anonymous",
    "NaN", "unknown", "[object Object]", "0000-0000", "guest", "nil", "(null)", "<null>", "not_set", "not-logged-in",
    "-", "--", "...", "0.0", "ffffffff-ffff-ffff-ffff-ffffffffffff", "undefined undefined", "user_id", "$user_id",
    "n.a.", "undefined.undefined", "null.null", "crm|undefined", "undefined:7",
)  # fmt: skip
SOMEBODY = (
    "1",
    "u1",
    "ada",
    "a",
    "10",
    "no-1",
    "nullable",
    "unknown7",
    "0a",
    "100",
    "GA1.2.1",
    "naN0x",
    "käufer",
    "bob.null",
    "visitor-0",
)

spellings = st.builds(
    lambda words, spell, around: around.replace("_", spell(words)),
    st.sampled_from(NOBODY),
    st.sampled_from((str, str.upper, str.lower, str.title, str.swapcase)),
    st.sampled_from(("_", " _ ", "'_'", '"_"', "(_)", "<_>", "\t_\n", "\u00a0_", "_\u200b")),
)
nothing = spellings | st.sampled_from(("", " ", "\u00a0", "\u200b", "\t"))

SNOWPLOW = {
    "event_id": "e",
    "event": "unstruct",
    "collector_tstamp": "2024-05-01T10:00:00Z",
    "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1": {"type": "product_view"},
}
NATIVE = {"event_id": "e", "action": "view", "time_ms": AT_MS, "items": [{"id": "p"}]}
ROW = {"event_name": "view_item", "event_timestamp": str(AT_MS * 1_000), "items": [{"item_id": "p"}]}
PLACES: tuple[tuple[DialectName, dict[str, Any], str, str], ...] = (
    ("segment", SEGMENT, "userId", "anonymousId"),
    ("ga4", REQUEST, "user_id", "client_id"),
    ("ga4", REQUEST, "client_id", "app_instance_id"),
    ("ga4", ROW, "user_id", "user_pseudo_id"),
    ("snowplow", SNOWPLOW, "user_id", "domain_userid"),
    ("snowplow", SNOWPLOW, "domain_userid", "network_userid"),
    ("snowplow", SNOWPLOW, "network_userid", "domain_sessionid"),
    ("native", NATIVE, "shopper_id", "session_id"),
)
"""A record of each dialect, and two fields of which the second counts where the first stands for nobody."""

NIL = "00000000-0000-0000-0000-000000000000"
NEXT = "b7a1c7d2-1111-4222-8333-444455556666"


@pytest.mark.parametrize(("name", "record", "field", "following"), PLACES)
@example(nobody=NIL)
@given(nobody=nothing | st.sampled_from((0, -1, 0.0, -1.0, None, True, False, [], {}, [1])))
def test_a_placeholder_is_passed_over_for_the_next_identity(
    name: DialectName, record: dict[str, Any], field: str, following: str, nobody: object
) -> None:
    """In its own dialect and where the dialect is found out; without a next one the record is refused as nobody's, or
    passed over as of somebody who denied consent."""
    others = {"userId", "anonymousId", "client_id"} - {field, following}
    bare = {key: value for key, value in record.items() if key not in others}
    for dialect in (name, "auto"):
        alone = bare | {field: nobody}
        [(_, _, event)] = decode(dialect, alone | {following: NEXT}).events
        assert event.shopper_id == NEXT
        decoded = decode(dialect, alone | {following: nobody})
        if nobody == NIL and "network_userid" in (field, following):  # so a collector marks whom it made anonymous
            assert (decoded.without_consent, decoded.refused) == (1, [])
            continue
        [refused] = decoded.refused
        assert (refused.reason, bool(refused.path), bool(refused.detail)) == ("nobody", True, True)


@given(nothing)
def test_no_spelling_of_a_placeholder_is_somebody(nobody: str) -> None:
    """In capitals or small letters, in quotes or brackets, with what cannot be seen around it."""
    assert is_placeholder(nobody)
    value = orjson.dumps(NATIVE | {"shopper_id": nobody})
    [refused] = Decoder().decode([Sent(0, value, nobody.encode())]).refused
    assert refused.reason == "nobody"


@pytest.mark.parametrize("somebody", SOMEBODY)
def test_ids_that_only_look_alike_are_kept(somebody: str) -> None:
    """It would be no use to refuse shoppers."""
    assert not is_placeholder(somebody)
    [(_, _, event)] = decode("segment", SEGMENT | {"userId": somebody}).events
    assert event.shopper_id == somebody


@pytest.mark.parametrize("short", ["1714550000", "7", "0d0d91c2"])
def test_a_short_session_id_is_no_shopper(short: str) -> None:
    """GA4's are seconds of the clock, which many shoppers share."""
    [refused] = decode("native", NATIVE | {"shopper_id": "null", "session_id": short}).refused
    assert refused.reason == "nobody"


@pytest.mark.parametrize("name", ["undefined", "NULL", "0", "(not set)", ""])
def test_events_with_a_placeholder_for_an_id_are_no_duplicates(name: str) -> None:
    """Their ids are made of what they say, as where none is given."""
    records = [SEGMENT | {"messageId": name, "properties": {"product_id": product}} for product in ("p", "q")]
    ids = {event.event_id for record in records for _, _, event in decode("segment", record).events}
    assert len(ids) == 2
    if name:
        twice = [NATIVE | {"event_id": name, "shopper_id": "ada", "query": query} for query in ("x", "y")]
        assert len({event.event_id for each in twice for _, _, event in decode("native", each).events}) == 2


def test_a_row_of_rees46_falls_back_to_its_session() -> None:
    """Whose id is a UUID."""
    row = "2019-10-01 00:00:00 UTC,cart,44600062,2103807459595387724,electronics.phone,acme,35.79,%s,%s"
    [(_, _, event)] = decode("rees46", (row % ("null", NEXT)).encode()).events
    assert event.shopper_id == NEXT
    [refused] = decode("rees46", (row % ("0", "unknown")).encode()).refused
    assert refused.reason == "nobody"


spelt = st.sampled_from(sorted(PLACEHOLDERS)).flatmap(lambda word: st.sampled_from((word, word.upper(), word.title())))
plain = st.text("0-_xX1aA", max_size=8) | spelt | st.tuples(spelt, spelt).map("-".join)


@given(plain | st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True) | st.text(max_size=5))
@example("\u0130")
@example("a\n")
def test_plain_ids_are_judged_as_all_others_are(shopper_id: str) -> None:
    """The quick look at most ids comes to what the close one comes to."""
    forbidden = any(letter in "{}\x7f" or letter < " " for letter in shopper_id)
    assert Wire(1).is_somebody(shopper_id) == (not forbidden and not is_placeholder(shopper_id))
