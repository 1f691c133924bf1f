"""Consent: what an event says that its shopper agreed to, and events that are of nobody for want of it. Pure."""

from itertools import product
from typing import Literal

from streams.errors import EventRefused
from streams.events.event import Consent

PassedOver = Literal["no_consent", "minor"]
"""Why a good event is passed over: its shopper denied consent and so has no id, or is a minor by what it says."""

_CONSENTS = {pair: Consent(*pair) for pair in product((None, False, True), repeat=2)}

YES = frozenset({"true", "yes", "granted", "1", "allow", "allowed"})
NO = frozenset({"false", "no", "denied", "0", "deny", "disallowed"})


def consent_of(personalisation: bool | None, advertising: bool | None) -> Consent | None:  # noqa: FBT001 - what is said
    """What is said of both, None where nothing is; equal ones are one object."""
    told = _CONSENTS[personalisation, advertising]
    return None if told is NOTHING else told


NOTHING = _CONSENTS[None, None]
UNREAD = NOTHING
"""Of an event that says something of consent that cannot be read, and nothing else: it counts as nothing said."""


def answered(*words: object) -> bool | None:
    """Whether all of these say yes, in JSON's or in other words; None where none of them says anything."""
    said = [_answer(word) for word in words]
    if False in said:
        return False
    return True if True in said else None


def _answer(word: object) -> bool | None:
    if isinstance(word, bool):
        return word
    text = str(word).strip().casefold()
    return True if text in YES else False if text in NO else None


def passed_over(refused: EventRefused, consent: Consent | None) -> PassedOver:
    """`no_consent` for an event of nobody that says that consent was denied; any other refusal is raised."""
    if (
        refused.reason == "nobody"
        and consent is not None
        and consent is not UNREAD
        and True not in (consent.personalisation, consent.advertising)
    ):
        return "no_consent"
    raise refused
