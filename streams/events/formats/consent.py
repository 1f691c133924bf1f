"""Consent as others tell of it: Google's consent mode in GA4, its export's privacy fields, and Segment's context.

Sources: https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference (consent),
https://support.google.com/analytics/answer/7029846 (privacy_info),
https://segment.com/docs/privacy/consent-management/consent-in-segment-connections (context.consent).
TCF strings (streams/events/tcf.py) stand where their consent managers put them; none of the three has a field for them.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from streams.errors import EventRefused
from streams.events.consent import answered, consent_of
from streams.events.event import Consent
from streams.events.formats.shapes import EMPTY, Shape, Words, reader
from streams.events.tcf import with_tcf

PERSONALISATION = ("personalisation", "personalization", "personalised", "personalized")
ADVERTISING = ("advertising", "marketing", "targeting", "c0004")
"""What consent managers call these categories; C0004 is OneTrust's."""


class Google(Shape, frozen=True):
    """`consent` of a request: GRANTED or DENIED."""

    ad_user_data: Words = None
    ad_personalization: Words = None
    ad_storage: Words = None
    personalization_storage: Words = None
    tc_string: Words = None


class Privacy(Shape, frozen=True):
    """`privacy_info` of a row of the export: Yes or No."""

    analytics_storage: Words = None
    ads_storage: Words = None


class Managed(Shape, frozen=True, rename="camel"):
    """`consent` of a context: categories by name."""

    category_preferences: dict[str, Any] | None = None
    tc_string: Any = None
    tcf_string: Any = None


class Context(Shape, frozen=True):
    """What is read of a call's context."""

    consent: Managed | None = None
    traits: dict[str, Any] | None = None


_read_google, _read_privacy, _read_context = reader(Google), reader(Privacy), reader(Context)


def of_google(told: msgspec.Raw, *, non_personalised: object = None) -> Consent | None:
    """What a request says. `non_personalised`: its older field for ads, of which only a yes says something."""
    try:
        said = _read_google(told) if bytes(told) not in EMPTY else Google()
    except EventRefused:  # it says nothing that can be read
        said = Google()
    ads = (said.ad_user_data, said.ad_personalization, said.ad_storage, False if answered(non_personalised) else None)
    return with_tcf(consent_of(answered(said.personalization_storage), answered(*ads)), said.tc_string)


def of_row(told: msgspec.Raw) -> Consent | None:
    """What a row of the export says."""
    return consent_of(None, answered(_privacy(told).ads_storage))


def is_denied(told: msgspec.Raw) -> bool:
    """Whether a row says that its shopper denied consent to analytics."""
    return answered(_privacy(told).analytics_storage) is False


def of_segment(context: msgspec.Raw) -> tuple[Consent | None, bool]:
    """What a call's context says of purposes, and whether its traits say that the shopper is a minor."""
    raw = bytes(context)
    if b"consent" not in raw and b"minor" not in raw:
        return None, False
    try:
        told = _read_context(raw)
    except EventRefused:
        return None, False
    managed = told.consent or Managed()
    chosen = managed.category_preferences or {}
    purposes = answered(*_named(chosen, PERSONALISATION)), answered(*_named(chosen, ADVERTISING))
    consent = with_tcf(consent_of(*purposes), managed.tc_string or managed.tcf_string)
    return consent, answered((told.traits or {}).get("minor")) is True


def _privacy(told: msgspec.Raw) -> Privacy:
    try:
        return _read_privacy(told) if bytes(told) not in EMPTY else Privacy()
    except EventRefused:
        return Privacy()


def _named(chosen: Mapping[str, Any], names: tuple[str, ...]) -> list[Any]:
    return [word for name, word in chosen.items() if any(each in name.casefold() for each in names)]
