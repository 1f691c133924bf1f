"""Consent, as rows of GA4's export tell of it. Source: https://support.google.com/analytics/answer/7029846."""

import msgspec

from streams.errors import EventRefused
from streams.events.formats.shapes import Shape, Words, reader


class Privacy(Shape, frozen=True):
    """The field `privacy_info`: Yes or No."""

    analytics_storage: Words = None


_read = reader(Privacy)


def is_denied(privacy: msgspec.Raw) -> bool:
    """Whether a row says that its shopper denied consent to analytics."""
    try:
        told = _read(privacy).analytics_storage
    except EventRefused:  # it says nothing that can be read
        return False
    return isinstance(told, str) and told.strip().lower() in ("no", "denied")
