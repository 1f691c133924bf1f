"""Consent: an event that has no shopper because consent was denied is no bad record."""

import pytest

from tests.streams.dialect_records import AT_MS, decode

ROW = {"event_name": "view_item", "event_timestamp": str(AT_MS * 1_000), "items": [{"item_id": "p"}]}
DENIED = {**ROW, "user_pseudo_id": None, "privacy_info": {"analytics_storage": "No"}}


@pytest.mark.parametrize("name", ["ga4", "auto"])
def test_a_row_without_consent_is_counted_apart(name: str) -> None:
    """It is neither an event nor refused, and those beside it in a list count."""
    kept = {**ROW, "user_pseudo_id": "b7a1c7d2-1111"}
    alone, beside = decode(name, DENIED), decode(name, [DENIED, kept])  # type: ignore[arg-type] # a plain parameter
    assert (alone.events, alone.refused, alone.ignored, alone.without_consent) == ([], [], 0, 1)
    assert (len(beside.events), beside.refused, beside.without_consent) == (1, [], 1)


@pytest.mark.parametrize("privacy", [None, {}, {"analytics_storage": "Yes"}, "No", 1])
def test_a_row_of_nobody_is_refused_unless_it_says_that_consent_was_denied(privacy: object) -> None:
    """A missing id is a producer's fault otherwise."""
    decoded = decode("ga4", {**DENIED, "privacy_info": privacy})
    assert [refusal.reason for refusal in decoded.refused] == ["nobody"]
    assert decoded.without_consent == 0
