"""Masking: which secrets are to be looked for in a text, and which lines of a log name nobody."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from streams.address import HIDDEN

LEVELS = ("info", "warning", "error", "critical")
SHORTEST = 4
"""Characters of a secret that is looked for: a shorter one stands in many words."""


def secrets_in(value: object) -> Iterator[str]:
    """Every secret of these settings: values, what their files hold, and passwords of addresses. Reads files."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, str):
        password = urlsplit(value).password if "://" in value else None
        yield from (password, unquote(password)) if password else ()
    else:
        for inner in _within(value):
            yield from secrets_in(inner)


def masked_text(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            text = text.replace(secret, HIDDEN)
    return text


def names_nobody(line: str) -> bool:
    """Whether a line of a log is one of ours, above debug, without a shopper. A line of a traceback may quote what was
    read, so none is."""
    if "shopper=" in line or '"shopper"' in line:
        return False
    if line.startswith("{"):
        return any(f'"level":"{level}"' in line for level in LEVELS)
    return any(f"[{level}" in line[:60] for level in LEVELS)


def _within(value: object) -> Iterator[object]:
    """The parts of a value. Of a file that holds a secret, what it holds."""
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, BaseModel):
        yield from (getattr(value, name) for name in type(value).model_fields)
    elif is_dataclass(value):
        for field in fields(value):
            inner = getattr(value, field.name)
            holds = isinstance(inner, Path) and hasattr(value, field.name.removesuffix("_file"))
            yield SecretStr(_content(inner)) if holds else inner


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # no secret could be read from it either
        return ""
