"""Where settings come from: a profile, then the file, then the environment, then the command that runs."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from penchant.settings.catalogue import catalogue, sections, variable
from penchant.settings.problems import Problem, found_in, invalid, unknown
from penchant.settings.profile import profile_values
from penchant.settings.root import DELIMITER, PREFIX, Settings
from penchant.settings.toml_file import read_toml

CONFIG_VARIABLE = "PENCHANT_CONFIG"
DEFAULT_PATH = Path("penchant.toml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force, and by full name where each came from: a profile, a file, a variable, `default`, or the
    command."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Layer:
    values: Mapping[str, Any]
    origin: Callable[[str], str]

    def holds(self, name: str) -> bool:
        inner: Any = self.values
        for part in name.split("."):
            if not isinstance(inner, Mapping):
                return True  # which is wrong, and where it was set
            if part not in inner:
                return False
            inner = inner[part]
        return True


def load_settings(path: Path | None = None, overrides: Mapping[str, object] | None = None) -> Loaded:
    """Read and check everything; the last of profile, file, environment and `overrides` (by full name) wins. Which
    profile it is, the others say.

    `path` defaults to the variable PENCHANT_CONFIG, then to penchant.toml in the working folder, which
    may be missing. Raises SettingInvalid, which names every wrong setting at once.
    """
    layers = [_file(path), _Layer(EnvSettingsSource(Settings)(), variable), _Layer(_nested(overrides or {}), _command)]
    layers.insert(0, _profile(reduce(_merged, (layer.values for layer in layers))))

    def origin(name: str) -> str:
        return next((layer.origin(name) for layer in reversed(layers) if layer.holds(name)), "default")

    problems = _stray_variables()
    try:
        settings = Settings.model_validate(reduce(_merged, (layer.values for layer in layers)))
    except ValidationError as exc:
        raise invalid([*problems, *found_in(exc, origin)]) from exc
    if problems:
        raise invalid(problems)
    return Loaded(settings, {name: origin(name) for name in catalogue()})


def _file(path: Path | None) -> _Layer:
    named = path or (Path(chosen) if (chosen := os.environ.get(CONFIG_VARIABLE)) else None)
    place = named or DEFAULT_PATH
    if named is None and not place.exists():
        return _Layer({}, str)
    asked = "--config" if path else CONFIG_VARIABLE if named else "the working folder"
    values = read_toml(place, asked)
    return _Layer(values, lambda _: str(place))


def _profile(values: Mapping[str, Any]) -> _Layer:
    name = values.get("profile")
    return _Layer({}, str) if name is None else _Layer(profile_values(name), lambda _: f"profile {name}")


def _command(_: str) -> str:
    return "this command"


def _nested(overrides: Mapping[str, object]) -> Mapping[str, Any]:
    tables: Iterator[Any] = (
        reduce(lambda inner, part: {part: inner}, reversed(name.split(".")), value) for name, value in overrides.items()
    )
    return reduce(_merged, tables, {})


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
    """Both; where both have a value, and they are not tables, the one above."""
    merged = dict(below)
    for name, value in above.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _stray_variables() -> list[Problem]:
    """Variables that look like settings and are none: an unknown section, or one underscore where two belong.

    Others that begin with PENCHANT_ are let be: Kubernetes sets such for a service of that name.
    """
    known = {entry.variable for entry in catalogue().values()}
    single = {name.replace(DELIMITER, "_"): name for name in known if DELIMITER in name}
    strays = []
    for name in (name.upper() for name in os.environ if name.upper().startswith(PREFIX)):
        section = name.removeprefix(PREFIX).partition(DELIMITER)[0].lower()
        if (DELIMITER in name and section not in sections()) or (name not in known and name in single):
            strays.append(unknown(name, "the environment", known))
    return strays
