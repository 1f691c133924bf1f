"""Placeholders: what software writes where it had no id, `undefined` say. None of them is one shopper. Pure."""

import re
from functools import lru_cache
from itertools import product

from streams.events.texts import visible

_WORDS = (
    "undefined", "null", "none", "nil", "void", "nan", "n/a", "n.a.", "na", "inf", "infinity", "-infinity", "dbnull",
    "true", "false", "object", "object object", "string", "function", "error", "invalid", "default", "test user",
    "unknown", "unknown user", "unset", "unspecified", "unidentified", "unassigned", "unauthenticated", "undef",
    "not set", "not provided", "not given", "not defined", "not found", "not available", "not applicable",
    "not authenticated", "not logged in", "logged out", "no id", "no user", "no user id", "no value", "no consent",
    "anonymous", "anonymous user", "anon", "guest", "guest user", "visitor", "nobody", "empty", "blank", "missing",
    "deleted", "redacted", "hidden", "masked", "opted out", "do not track", "null null", "undefined undefined",
    "id", "uid", "uuid", "guid", "user", "user id", "customer", "customer id", "client id", "shopper id", "member id",
    "anonymous id", "visitor id", "session id", "device id", "distinct id", "email", "cookie",
)  # fmt: skip
"""In lower case; between words may stand a space, `_`, `-` or nothing."""

_FIGURES = (
    "-1", "-1.0", "0.0", "-0", "0-0", "0x0", "\\n",
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "00:00:00:00:00:00", "02:00:00:00:00:00", "9774d56d682e549c",
)  # fmt: skip
"""Nothing in figures: nil and full UUIDs, nobody's advertising id, the addresses and ids that many devices share."""

_LONGEST_RUN = 64

PLACEHOLDERS = frozenset(
    {
        *(separator.join(words.split()) for words, separator in product(_WORDS, (" ", "_", "-", ""))),
        *("0" * length for length in range(_LONGEST_RUN + 1)),
        *("x" * length for length in range(3, _LONGEST_RUN + 1)),
        *_FIGURES,
    }
)
"""What is left of a placeholder in lower case, without quotes and brackets around it."""

SPELLINGS = frozenset(
    around.format(spelt(words))
    for words in PLACEHOLDERS
    for spelt in (str.lower, str.upper, str.capitalize, str.title)
    for around in ("{}", "({})", "<{}>", "[{}]")
)
"""As they mostly come: for whoever cannot afford to look more closely."""

_NOTHING = "0-_./:,+ "
"""Zeros, and what stands between them."""

UNDEFINED = "undefined"
_PARTS = re.compile(r"[.:|/]").split
"""By what ids are put together."""

_AROUND = " \t\r\n\"'`()[]<>%$*?!#~^&=+,;:|"


def is_plain_placeholder(identifier: str) -> bool:
    """The same as `is_placeholder`, in a fraction of its time, for ids of ASCII letters, digits, `-` and `_` alone."""
    bare = identifier.lower()
    return bare in PLACEHOLDERS or not bare.strip(_NOTHING)


@lru_cache(16_384)
def is_placeholder(identifier: str) -> bool:
    """Whether an id says that there was none. It is judged as a reader sees it, in any case, quoted or in brackets."""
    seen = identifier if identifier.isascii() else visible(identifier)
    bare = seen.strip(_AROUND).casefold()
    return bare in PLACEHOLDERS or not bare.strip(_NOTHING) or LOST in seen or _is_hollow(bare)


def _is_hollow(bare: str) -> bool:
    """Whether an id is put together of nothing, `null.null`, or of something undefined, `crm|undefined`."""
    parts = _PARTS(bare)
    return len(parts) > 1 and (UNDEFINED in parts or all(part in PLACEHOLDERS for part in parts))


LOST = "\N{REPLACEMENT CHARACTER}"
"""What stands for a character that was lost: an id with one may be anybody's."""


UNIQUE = 16
"""Characters that a session's id has at least before it stands for a shopper: shorter ones, like GA4's, which are
seconds of the clock, may be several shoppers'."""


def is_unique(session_id: str | None) -> bool:
    """Whether a session's id may stand for its shopper, where the event has no other."""
    return session_id is not None and len(session_id) >= UNIQUE and not is_placeholder(session_id)
