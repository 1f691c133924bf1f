"""Redaction: personal data out of the texts of events, before they are kept, sent on or shown to a model. Pure.

Patterns with checksums find what has a form: e-mail and IP addresses, telephone, card, account and other long numbers.
They do not find names or street addresses. docs/security.md says what is promised.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from streams.events.texts import visible

Redact = Callable[[str], str]
"""Gives a text back without personal data. Called once for a product or a query that comes again and again."""

HIGHEST_PRICE = 1e9
"""What is beyond is no price, but a card or telephone number in the wrong place."""

LONGEST = 1_000

CARD_DIGITS, LONG_DIGITS, GTIN_DIGITS = range(14, 20), 9, (12, 13, 14)

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an account number by country (the IBAN registry, ISO 13616)."""


@lru_cache(8_192)
def redact(text: str) -> str:
    """The text with personal data replaced by its kind in brackets, `[email]`; as it came where there is none.

    It is judged as a reader sees it, so that hidden characters and look-alike digits hide nothing. Idempotent. At most
    1,000 characters are left of a text that is changed, as many as an event may have; one whose reader sees more than
    it has is cut to that many too.
    """
    seen = visible(text)
    if len(seen) > max(len(text), LONGEST):
        text = seen = seen[:LONGEST]
    if _harmless(seen):
        return text
    clean = seen
    for pattern, replacement in _KINDS:
        clean = pattern.sub(replacement, clean)
    return text if clean == seen else clean[:LONGEST]


def pseudonymous(identifier: str) -> str:
    """The identifier, or a short hash of one that is an e-mail, telephone or IP address, or a bank account.

    Plain numbers are left alone: they are how shops name things.
    """
    return hashed(identifier) if is_personal(identifier) else identifier


def is_personal(identifier: str) -> bool:
    """Whether an identifier tells who somebody is."""
    if is_plain(identifier):
        return False
    seen = visible(identifier)
    return any(pattern.sub(replacement, seen) != seen for pattern, replacement in _IDS)


is_plain = re.compile(
    r"(?![A-Za-z]{2}[0-9]{2}[0-9A-Za-z]{11})(?:[0-9A-Za-z_-]{1,128}|[0-9]{1,60}\.[0-9]{1,60})"
).fullmatch
"""Whether an identifier is, at first sight, like those that machines make: most are."""


def hashed(text: str | bytes) -> str:
    """16 hexadecimal digits that stand for a text, always the same ones."""
    return blake2b(text.encode() if isinstance(text, str) else text, digest_size=8).hexdigest()


def _harmless(text: str) -> bool:
    """Most texts are: they have too few of what all these are made of."""
    return (
        "@" not in text and "%40" not in text and text.count(".") < 3 and text.count(":") < 2 and len(_DIGIT(text)) < 7
    )


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "[card]" if len(digits) in CARD_DIGITS and _luhn(digits) else match[0]


def _luhn(digits: str) -> bool:
    """The checksum of card numbers (ISO/IEC 7812-1)."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(each - 9 if each > 9 else each for each in doubled)) % 10 == 0


def _iban(match: re.Match[str]) -> str:
    """Masks as many characters as that country's numbers have, when their checksum (modulo 97) is right."""
    length = IBAN_LENGTHS.get(match[0][:2].upper(), 0)
    ends = [at + 1 for at, character in enumerate(match[0]) if character != " "]
    if not length or len(ends) < length:
        return match[0]
    number, rest = match[0][: ends[length - 1]].replace(" ", "").upper(), match[0][ends[length - 1] :]
    moved = number[4:] + number[:4]
    right = int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
    return f"[iban]{rest}" if right and not rest[:1].isalnum() else match[0]


def _ipv4(match: re.Match[str]) -> str:
    try:
        IPv4Address(match[0])
    except AddressValueError:
        return match[0]
    return "[ip]"


def _ipv6(match: re.Match[str]) -> str:
    try:
        IPv6Address(match[0])
    except AddressValueError:
        return match[0]
    return "[ip]"


def _number(match: re.Match[str]) -> str:
    """Masks long numbers, but those that name a product: EAN, UPC and GTIN have a check digit (GS1)."""
    digits = match[0]
    odd, even = sum(map(int, digits[-1::-2])), sum(map(int, digits[-2::-2]))
    return digits if len(digits) in GTIN_DIGITS and (odd + 3 * even) % 10 == 0 else "[number]"


_DIGIT = re.compile("[0-9]").findall
_EMAIL = re.compile(r"[\w.+%'-]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9]{2}(?: ?[0-9A-Za-z]){11,40}")
_IP = (
    (re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.]?\w)"), _ipv4),
    (
        re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:.]*[0-9A-Fa-f]{2})[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f.]{0,15}){2,8}(?![\w:])"),
        _ipv6,
    ),
)
_INTERNATIONAL = re.compile(r"(?<![\w+])\+[1-9](?:[ ().\-/]{0,3}[0-9]){7,14}(?![^\W_])")
_NATIONAL = re.compile(
    r"(?<![\w+./-])(?:"
    r"\(0?[1-9][0-9]{1,4}\)[ .\-/]{0,3}[0-9](?:[ .\-/]?[0-9]){5,9}"  # (555) 123-4567
    r"|00[1-9][0-9]{0,2}[ .\-/](?:[ ().\-/]{0,2}[0-9]){7,12}"  # 0049 170 1234567
    r"|0[1-9][0-9]{0,4}[ \-/]{1,3}[0-9](?:[ \-/]?[0-9]){5,9}"  # 0170 1234567
    r"|(?:1[-. ])?[2-9][0-9]{2}([-. ])[0-9]{3}\1[0-9]{4}"  # 555-123-4567
    r")(?![^\W_])"
)
_KINDS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_EMAIL, "[email]"),
    (_IBAN, _iban),
    (re.compile(r"(?<![^\W_])[2-6](?:[ -]?[0-9]){13,18}(?![^\W_])"), _card),
    (_INTERNATIONAL, "[phone]"),
    *_IP,
    (_NATIONAL, "[phone]"),
    (re.compile(rf"(?<![^\W_])[0-9]{{{LONG_DIGITS},}}(?![^\W_])"), _number),
)
"""In this order: what has a checksum goes before what only looks like a telephone number."""

_IDS = ((_EMAIL, "[email]"), (_IBAN, _iban), (_INTERNATIONAL, "[phone]"), *_IP)
