"""What is wrong with the settings, all of it at once, in words that say what to change and where."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from penchant.settings.catalogue import Entry, catalogue, sections
from penchant.settings.experiments import Arm, Experiment, Guardrails
from penchant.settings.pools import Endpoint, Pool
from streams.errors import SettingInvalid

HIDDEN = "(hidden)"
TABLES = {"pools": (Pool, Endpoint), "experiments": (Experiment, Arm, Guardrails)}
"""What stands in a setting that is a list of tables."""

REMEDY = "correct what is named here; `penchant settings --example` lists every setting and what it may be"


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong setting. `origin` is a file, a variable or `default`; `fault` says what is allowed instead."""

    setting: str
    origin: str
    fault: str

    def __str__(self) -> str:
        return f"{self.setting} ({self.origin}): {self.fault}"


def invalid(problems: Sequence[Problem]) -> SettingInvalid:
    """The error that stops the start."""
    if len(problems) == 1:
        return SettingInvalid(f"wrong setting: {problems[0]}", REMEDY)
    listed = "".join(f"\n  {problem}" for problem in problems)
    return SettingInvalid(f"{len(problems)} wrong settings:{listed}", REMEDY)


def found_in(error: ValidationError, origin: Callable[[str], str]) -> list[Problem]:
    """Pydantic's complaints in our words; `origin` tells where a full name was set."""
    return [_problem(details, origin) for details in error.errors(include_url=False)]


def unknown(name: str, origin: str, candidates: Iterable[str] | None = None) -> Problem:
    """A name that is no setting, with the nearest one. Its value is not shown: it may be a misspelt password."""
    names = candidates or (*catalogue(), *sections())
    near = get_close_matches(name, list(names), n=1)
    return Problem(name, origin, f"no such setting{f'; did you mean {near[0]}?' if near else ''}")


def masked(entry: Entry, value: object) -> object:
    """A value as it may leave this process: no secret, no password of an address."""
    if entry.secret and value is not None:
        return HIDDEN
    if entry.sample and isinstance(value, tuple):
        return [table.model_dump(mode="json", exclude_unset=True) for table in value]
    return re.sub(r"(//)[^/@]*(@)|(password=)[^&]*", rf"\1\3{HIDDEN}\2", value) if isinstance(value, str) else value


def shown(entry: Entry, value: object) -> str:
    """The same in words."""
    if value is None:
        return "(not set)"
    return HIDDEN if entry.secret else json.dumps(masked(entry, value), default=str, ensure_ascii=False)


def _problem(details: ErrorDetails, origin: Callable[[str], str]) -> Problem:
    parts = [str(part) for part in details["loc"]]
    name = next((name for size in (2, 1) if (name := ".".join(parts[:size])) in catalogue()), None)
    if name is None:
        return _outside(".".join(parts), details, origin)
    entry, where = catalogue()[name], origin(name)
    rule = f"{details['ctx']['error']}; " if details["type"] == "value_error" else ""
    if entry.sample:  # its value is long, and may hold a key
        fields = [field for table in TABLES[name] for field in table.model_fields]
        inside = (
            unknown(parts[-1], where, fields).fault if details["type"] == "extra_forbidden" else rule or details["msg"]
        )
        return Problem(".".join(parts), where, inside.removesuffix("; "))
    return Problem(f"{name} = {shown(entry, details['input'])}", where, f"{rule}allowed: {entry.allowed}")


def _outside(name: str, details: ErrorDetails, origin: Callable[[str], str]) -> Problem:
    if name in sections():
        return Problem(name, origin(name), f"this is a section: set what is in it, such as {_first(name)}")
    if details["type"] == "extra_forbidden":
        return unknown(name, origin(name))
    return Problem(name, origin(name), details["msg"])


def _first(section: str) -> str:
    return next(name for name in catalogue() if name.startswith(f"{section}."))
