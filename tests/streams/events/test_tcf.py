"""TCF strings: what they say of our purposes, in each dialect; one that cannot be read says nothing and is counted."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.consent import UNREAD
from streams.events.dialects import DialectName
from streams.events.event import Consent
from streams.events.tcf import of_tcf, with_tcf
from tests.streams.dialect_records import AT_MS, REQUEST, SEGMENT, decode

ROW = {"event_name": "view_item", "event_timestamp": str(AT_MS * 1_000), "items": [{"item_id": "p"}],
       "user_pseudo_id": "b7a1c7d2-1111"}  # fmt: skip
NATIVE: dict[str, Any] = {"event_id": "e", "shopper_id": "ada", "action": "view", "time_ms": AT_MS,
                          "items": [{"id": "p"}]}  # fmt: skip

PUBLISHED = "COtybn4PA_zT4KjACBENAPCIAEBAAECAAIAAAAAAAAAA.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw"  # noqa: E501
"""Of the framework's own examples: consent to purposes 2 and 10, and to none of ours."""


def tcf(*purposes: int, version: int = 2, rest: int = 0) -> str:
    """A core string that consents to these purposes, of a manager and vendors of no account."""
    bits = version << 250 | sum(1 << (103 - (purpose - 1)) for purpose in purposes) | rest
    return urlsafe_b64encode(bits.to_bytes(32)).decode().rstrip("=")


SERVED, ADVERTISED, BOTH, NONE = tcf(5, 6), tcf(3, 4), tcf(1, 2, 3, 4, 5, 6), tcf(1, 2, 7)


@given(st.sets(st.integers(1, 24)), st.integers(0, 2**79 - 1))
def test_each_purpose_has_its_bit(purposes: set[int], rest: int) -> None:
    """Advertising is 3 and 4, personalisation 5 and 6, each only by both; nothing else of the string counts."""
    assert of_tcf(tcf(*purposes, rest=rest)) == Consent({5, 6} <= purposes, {3, 4} <= purposes)


@given(st.text() | st.integers() | st.booleans() | st.lists(st.integers()) | st.binary().map(repr))
def test_anything_else_says_nothing(told: object) -> None:
    """Without an exception."""
    assert of_tcf(told) in (None, UNREAD)


@pytest.mark.parametrize("told", [BOTH[:20], tcf(3, 4, version=1), "1YNN", "null", "é" * 60, "!" * 60, 7, ["C"]])
def test_no_string_of_version_2(told: object) -> None:
    """One that was cut short, of version 1, a string of the United States, and none at all."""
    assert of_tcf(told) is UNREAD


def test_the_examples_of_the_framework_are_read() -> None:
    """With segments behind the core string."""
    assert of_tcf(PUBLISHED) == Consent(personalisation=False, advertising=False)


def test_words_go_before_the_string() -> None:
    """By purpose; a string that cannot be read takes nothing away."""
    assert with_tcf(Consent(advertising=False), BOTH) == Consent(personalisation=True, advertising=False)
    assert with_tcf(Consent(advertising=False), "no string") == Consent(advertising=False)
    assert with_tcf(None, "") is None


def carried(name: str, told: object) -> tuple[DialectName, dict[str, Any]]:
    """A record of a dialect that carries this as its string."""
    records: dict[str, tuple[DialectName, dict[str, Any]]] = {
        "native": ("native", NATIVE | {"consent": {"tcf": told}}),
        "native, by words too": ("native", NATIVE | {"consent": {"tcf": told, "advertising": None}, "query": ""}),
        "ga4 request": ("ga4", REQUEST | {"consent": {"tc_string": told}}),
        "ga4 event": ("ga4", REQUEST | {"events": [{"name": "view_item", "params": {"tc_string": told}}]}),
        "ga4 row": ("ga4", ROW | {"event_params": [{"key": "tc_string", "value": {"string_value": told}}]}),
        "segment": ("segment", SEGMENT | {"context": {"consent": {"tcString": told}}}),
        "segment, by its other name": ("segment", SEGMENT | {"context": {"consent": {"tcfString": told}}}),
    }
    return records[name]


CARRIERS = ("native", "native, by words too", "ga4 request", "ga4 event", "ga4 row", "segment",
            "segment, by its other name")  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(
    ("told", "said"),
    [
        (BOTH, Consent(personalisation=True, advertising=True)),
        (SERVED, Consent(personalisation=True, advertising=False)),
        (ADVERTISED, Consent(personalisation=False, advertising=True)),
        (NONE, Consent(personalisation=False, advertising=False)),
    ],
)
def test_each_dialect_carries_it(carrier: str, told: str, said: Consent) -> None:
    """Where its consent manager puts it."""
    decoded = decode(*carried(carrier, told))
    assert [event.consent for _, _, event in decoded.events] == [said] * len(decoded.events)
    assert (bool(decoded.events), decoded.consents_unread) == (True, 0)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("told", ["CPXX", BOTH[:30], 12])
def test_one_that_cannot_be_read_is_counted(carrier: str, told: object) -> None:
    """It is no bad record, and says of no purpose."""
    decoded = decode(*carried(carrier, told))
    assert (decoded.refused, bool(decoded.events)) == ([], True)
    assert all(event.consent == Consent() for _, _, event in decoded.events)
    assert decoded.consents_unread == len(decoded.events)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("told", [None, ""])
def test_none_says_nothing(carrier: str, told: object) -> None:
    """And is not counted."""
    decoded = decode(*carried(carrier, told))
    assert all(event.consent is None for _, _, event in decoded.events)
    assert (decoded.refused, decoded.consents_unread) == ([], 0)


@pytest.mark.parametrize(("told", "reason"), [(NONE, "no_consent"), ("no string", "nobody")])
def test_nobodys_event(told: str, reason: str) -> None:
    """It is passed over where the string denies both, and refused where it cannot be read."""
    decoded = decode("native", NATIVE | {"shopper_id": "", "consent": {"tcf": told}})
    assert (decoded.without_consent == 1) == (reason == "no_consent")
    assert [refusal.reason for refusal in decoded.refused] == ([] if reason == "no_consent" else [reason])
