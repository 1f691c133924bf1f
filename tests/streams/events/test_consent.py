"""Consent: what events say of purposes; those that are of nobody for want of it, or of a minor, are no bad records."""

from typing import Any

import pytest

from streams.events.decoding import encode
from streams.events.dialects import DialectName
from streams.events.event import Consent
from tests.streams.dialect_records import AT_MS, REQUEST, SEGMENT, decode

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


SNOWPLOW: dict[str, Any] = {
    "event": "unstruct",
    "event_id": "e",
    "domain_userid": "6f6fe1a7",
    "collector_tstamp": "2024-05-01T10:00:00Z",
    "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1": {"type": "product_view"},
}
NATIVE: dict[str, Any] = {
    "event_id": "e",
    "shopper_id": "ada",
    "action": "view",
    "time_ms": AT_MS,
    "items": [{"id": "p"}],
}
GRANTED = {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"}
EXPORT = {**ROW, "user_pseudo_id": "b7a1c7d2-1111"}
PREFERENCES = {"Advertising": True, "Analytics": False, "Personalization": True}


def preferring(**chosen: object) -> dict[str, Any]:
    """A call of Segment's with these categories."""
    return SEGMENT | {"context": {"ip": "203.0.113.7", "consent": {"categoryPreferences": chosen}}}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("native", NATIVE, None),
        ("native", NATIVE | {"consent": {"personalisation": True, "advertising": False}}, (True, False)),
        ("native", NATIVE | {"consent": {"advertising": True}}, (None, True)),
        ("native", NATIVE | {"consent": {"personalisation": "granted", "advertising": "Denied"}}, (True, False)),
        ("native", NATIVE | {"consent": {"personalisation": 0, "advertising": None}}, (False, None)),
        ("native", NATIVE | {"consent": {}}, None),
        ("native", NATIVE | {"consent": None}, None),
        ("native", NATIVE | {"consent": ""}, None),
        ("ga4", REQUEST, None),
        ("ga4", REQUEST | {"consent": GRANTED}, (None, True)),
        ("ga4", REQUEST | {"consent": GRANTED | {"ad_user_data": "DENIED"}}, (None, False)),
        ("ga4", REQUEST | {"consent": {"ad_storage": "denied", "personalization_storage": "granted"}}, (True, False)),
        ("ga4", REQUEST | {"non_personalized_ads": True}, (None, False)),
        ("ga4", REQUEST | {"non_personalized_ads": False}, None),
        ("ga4", REQUEST | {"consent": "yes"}, None),
        ("ga4", EXPORT | {"privacy_info": {"analytics_storage": "Yes", "ads_storage": "No"}}, (None, False)),
        ("ga4", EXPORT | {"privacy_info": {"ads_storage": "Yes"}}, (None, True)),
        ("ga4", EXPORT | {"privacy_info": 7}, None),
        ("segment", SEGMENT | {"context": {"ip": "203.0.113.7"}}, None),
        ("segment", SEGMENT | {"context": "consent"}, None),
        ("segment", preferring(**PREFERENCES), (True, True)),
        ("segment", preferring(Advertising=False), (None, False)),
        ("segment", preferring(C0004=True, Targeting=False, Functional=True), (None, False)),
    ],
)
def test_what_is_said_of_purposes_is_read(name: DialectName, value: dict[str, Any], said: tuple[Any, Any]) -> None:
    """In each dialect's own words; of several words for a purpose one no is a no. It is kept in the native form."""
    [(_, _, event)] = decode(name, value).events
    assert event.consent == (None if said is None else Consent(*said))
    [(_, _, again)] = decode("native", encode(event)).events
    assert again.consent == event.consent


@pytest.mark.parametrize("consent", [{"advertising": "perhaps"}, {"personalisation": [True]}, "granted", [1], 7])
def test_consent_that_cannot_be_read_is_refused(consent: object) -> None:
    """A no that is taken for nothing would be the worst of mistakes."""
    [refused] = decode("native", NATIVE | {"consent": consent}).refused
    assert (refused.reason, refused.path.split(".")[0]) == ("schema", "consent")


NOBODYS: list[tuple[DialectName, dict[str, Any]]] = [
    ("native", NATIVE | {"shopper_id": None, "consent": {"personalisation": False, "advertising": False}}),
    ("native", NATIVE | {"shopper_id": "undefined", "consent": {"personalisation": False}}),
    ("ga4", REQUEST | {"client_id": "", "consent": {"ad_user_data": "DENIED"}}),
    ("segment", preferring(Advertising=False) | {"userId": None}),
    ("snowplow", SNOWPLOW | {"domain_userid": None, "network_userid": "00000000-0000-0000-0000-000000000000"}),
]


@pytest.mark.parametrize(("name", "value"), NOBODYS)
def test_nobodys_events_without_consent_are_no_bad_records(name: DialectName, value: dict[str, Any]) -> None:
    """In any dialect an event of nobody that says that consent was denied is counted apart."""
    spoken: DialectName
    for spoken in (name, "auto"):
        decoded = decode(spoken, value)
        assert (decoded.events, decoded.refused, decoded.without_consent) == ([], [], 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("native", NATIVE | {"shopper_id": None, "consent": {"personalisation": True}}),
        ("native", NATIVE | {"shopper_id": None}),
        ("segment", preferring(Advertising=True) | {"userId": None}),
        ("snowplow", SNOWPLOW | {"domain_userid": None}),
    ],
)
def test_nobodys_events_are_refused_otherwise(name: DialectName, value: dict[str, Any]) -> None:
    """A missing id is a producer's fault unless consent explains it."""
    assert [refusal.reason for refusal in decode(name, value).refused] == ["nobody"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("native", NATIVE | {"minor": True}),
        ("native", NATIVE | {"minor": "yes"}),
        ("segment", SEGMENT | {"context": {"traits": {"minor": True}}}),
        ("segment", SEGMENT | {"properties": {"product_id": "p", "minor": True}}),
        (
            "ga4",
            REQUEST | {"events": [{"name": "view_item", "params": {"minor": "true", "items": [{"item_id": "p"}]}}]},
        ),
        ("ga4", EXPORT | {"event_params": [{"key": "minor", "value": {"string_value": "true"}}]}),
    ],
)
def test_an_event_of_a_minor_is_passed_over(name: DialectName, value: dict[str, Any]) -> None:
    """It is counted, and neither an event nor a refusal."""
    spoken: DialectName
    for spoken in (name, "auto"):
        decoded = decode(spoken, value)
        assert (decoded.events, decoded.refused, decoded.minors) == ([], [], 1)


@pytest.mark.parametrize("changed", [{"minor": False}, {"minor": None}, {"age": 12}, {"birthday": "2020-01-01"}])
def test_age_is_never_inferred(changed: dict[str, object]) -> None:
    """Only what says so in as many words counts."""
    assert len(decode("native", NATIVE | changed).events) == 1
