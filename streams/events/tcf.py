"""TCF: what a string of IAB Europe's Transparency and Consent Framework, version 2, says of our two purposes. Pure.

Source: https://github.com/InteractiveAdvertisingBureau/GDPR-Transparency-and-Consent-Framework (TCFv2, core string):
base64url; six bits of version first; from bit 152 one bit for each of 24 purposes, the first purpose first. Purposes 3
and 4 are to make and use profiles for advertising, 5 and 6 for content. Legitimate interest is no consent; vendors and
what a publisher restricts are not looked at.
"""

from base64 import urlsafe_b64decode
from binascii import Error

from streams.events.consent import UNREAD, consent_of
from streams.events.event import Consent

VERSION, VERSION_BITS = 2, 6
PURPOSES_AT = 152
CHARACTERS = 36
"""Of the core string: what every one has before its lists of vendors."""

BITS = CHARACTERS * 6
ADVERTISING, PERSONALISATION = (3, 4), (5, 6)


def of_tcf(told: object) -> Consent | None:
    """Whether the shopper agrees to all purposes of each kind; None where nothing is told, UNREAD for what is no such
    string."""
    if told is None or told == "":
        return None
    head = told[:CHARACTERS] if isinstance(told, str) else ""
    try:
        if len(head) < CHARACTERS or not head.isascii():
            return UNREAD
        bits = int.from_bytes(urlsafe_b64decode(head))
    except Error:
        return UNREAD
    if bits >> (BITS - VERSION_BITS) != VERSION:
        return UNREAD
    agreed = [all(_is_set(bits, purpose) for purpose in kind) for kind in (PERSONALISATION, ADVERTISING)]
    return consent_of(*agreed)


def with_tcf(consent: Consent | None, told: object) -> Consent | None:
    """What an event says in words goes before what its string says."""
    said = of_tcf(told)
    if said is None or consent is None or said is UNREAD:
        return consent or said
    personalisation, advertising = consent.personalisation, consent.advertising
    return consent_of(
        said.personalisation if personalisation is None else personalisation,
        said.advertising if advertising is None else advertising,
    )


def _is_set(bits: int, purpose: int) -> bool:
    return bool(bits >> (BITS - PURPOSES_AT - purpose) & 1)
