"""What is wrong with the settings, all of it at once, in words that say what to change and where."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from agents.experiments.assignment import Arm, Experiment
from agents.experiments.guardrails import GuardrailRules
from agents.jobs.teams import Team
from clients.pools.endpoints import Endpoint, Pool, Price
from clients.pools.use_cases import UseCase
from penchant.settings.catalogue import Entry, catalogue, sections
from penchant.settings.root import Misfit
from streams import address
from streams.address import HIDDEN
from streams.errors import SettingInvalid
from streams.tls import Tls

TABLES = {
    "pools": (Pool, Endpoint, Price, Tls),
    "experiments": (Experiment, Arm, GuardrailRules),
    "use_cases": (UseCase,),
    "teams": (Team,),
}
"""What stands in a setting that is a list of tables."""

UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
"""What pydantic calls a name that is no setting."""

PUBLIC = ("ca_file", "cert_file")
"""Files whose text is no secret."""

LONGEST = 200
"""Characters of a value that an error shows."""

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
    return HIDDEN if entry.secret and value is not None else _plain(value)


def shown(entry: Entry, value: object) -> str:
    """The same in words."""
    if value is None:
        return "(not set)"
    return HIDDEN if entry.secret else json.dumps(masked(entry, value), default=str, ensure_ascii=False)


def _plain(value: object) -> object:
    """As JSON has it; of tables only what is not as by default."""
    match value:
        case str():
            return address.shown(value)
        case SecretStr():
            return HIDDEN
        case list() | tuple():
            return [_plain(each) for each in value]
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
    if is_dataclass(value):
        told = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
        return {name: _plain(each) for name, (each, default) in told.items() if each != default}
    return value


def _problem(details: ErrorDetails, origin: Callable[[str], str]) -> Problem:
    parts, error = [str(part) for part in details["loc"]], details.get("ctx", {}).get("error")
    given = details["input"]
    if isinstance(error, Misfit):
        given = error.given
        parts.append(error.key)
    name = next((name for size in (3, 2, 1) if (name := ".".join(parts[:size])) in catalogue()), None)
    if name is None:
        return _outside(".".join(parts), details, origin)
    entry, where = catalogue()[name], origin(name)
    rule = f"{error}; " if details["type"] == "value_error" else ""
    if entry.sample:  # its value is long, and may hold a key
        names = [field.name for table in TABLES[name] for field in fields(table)]
        inside = unknown(parts[-1], where, names).fault if details["type"] in UNKNOWN else rule or details["msg"]
        return Problem(".".join(parts), where, inside.removesuffix("; "))
    if _may_be_key(name, given):
        rule += "what was given is not shown, since it may be the secret itself; "
        return Problem(f"{name} = {HIDDEN}", where, f"{rule}allowed: {entry.allowed}")
    return Problem(f"{name} = {_brief(shown(entry, given))}", where, f"{rule}allowed: {entry.allowed}")


def _may_be_key(name: str, given: object) -> bool:
    named = name.endswith("_file") and not name.endswith(PUBLIC)
    return given is not None and (named or "PRIVATE KEY" in str(given))


def _brief(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\u2026 ({len(text):,} characters)"


def _outside(name: str, details: ErrorDetails, origin: Callable[[str], str]) -> Problem:
    if name in sections():
        return Problem(name, origin(name), f"this is a section: set what is in it, such as {_first(name)}")
    if details["type"] in UNKNOWN:
        return unknown(name, origin(name))
    return Problem(name, origin(name), details["msg"])


def _first(section: str) -> str:
    return next(name for name in catalogue() if name.startswith(f"{section}."))
