"""TOML file: a file of settings as tables, or an error that shows nothing of its text."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penchant.settings.problems import Problem, invalid


def read_toml(place: Path, asked: str) -> Mapping[str, Any]:
    """Its tables; `asked` is who named it. SettingInvalid where it cannot be read."""
    try:
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:  # ValueError: not TOML, or not UTF-8
        raise invalid([Problem(str(place), asked, f"cannot be read as a settings file: {_why(exc)}")]) from None


def _why(error: OSError | ValueError) -> str:
    """What is wrong with a file; of its text, which may hold a password, nothing is shown."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not UTF-8"
    where = re.search(r"at (line \d+, column \d+|end of document)", str(error))
    return f"it is not TOML{f' at {where[1]}' if where else ''}"
