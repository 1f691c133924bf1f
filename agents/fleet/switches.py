"""Switches: what operators decide for a whole fleet: rules only, no writes, no reading, a prompt, a rate, shares.

They stand in the control hash, each with who threw it, when and why. Workers read them every second; while Redis is
away the last known ones stay in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import orjson
from pydantic import TypeAdapter

from streams.errors import SettingInvalid, StoreCorrupt

Name = Literal[
    "rules_only", "freeze_writes", "pause", "prompt_version", "calls_per_second", "share_replay", "share_batch"
]
NAMES: tuple[Name, ...] = get_args(Name)
ON = "on"
"""The value of a switch that is either on or not there."""


@dataclass(frozen=True, slots=True)
class SwitchValue:
    """A switch that was thrown. `who` did it, at a time in epoch milliseconds, and said why."""

    value: str
    who: str
    at_ms: int
    why: str = ""

    def dump(self) -> bytes:
        """As the control hash holds it."""
        return orjson.dumps(self)


@dataclass(frozen=True, slots=True)
class Switches:
    """Those in force; what was never thrown, or was put back, is not there."""

    thrown: Mapping[Name, SwitchValue] = field(default_factory=dict)

    def on(self, name: Name) -> bool:
        """Whether a switch without a value is on."""
        return name in self.thrown

    def word(self, name: Name) -> str | None:
        """The value of one that has a word."""
        found = self.thrown.get(name)
        return found.value if found is not None else None

    def number(self, name: Name, otherwise: float) -> float:
        """The value of one that has a number."""
        found = self.thrown.get(name)
        return float(found.value) if found is not None else otherwise

    def set_by(self, name: Name) -> str:
        """Who threw it and why, for people."""
        if (thrown := self.thrown.get(name)) is None:
            return ""
        return f"by {thrown.who}" + (f": {thrown.why}" if thrown.why else "")


_SWITCH_VALUE: TypeAdapter[SwitchValue] = TypeAdapter(SwitchValue)


def load(fields: Mapping[str, bytes]) -> Switches:
    """Read back what `dump` gave, by name; StoreCorrupt. Names that this version does not know are left out."""
    thrown: dict[Name, SwitchValue] = {}
    for name in NAMES:
        if (value := fields.get(name)) is not None:
            try:
                thrown[name] = _SWITCH_VALUE.validate_json(value)
            except ValueError as exc:  # pydantic's ValidationError is one
                raise StoreCorrupt(f"switch:{name}", "it is no switch of ours") from exc
    return Switches(thrown)


class SwitchState:
    """The switches as they are known now. One for a process."""

    def __init__(self) -> None:
        self.now = Switches()
        self.workers = 1


def checked(name: Name, value: str) -> str:
    """The value as it is stored; SettingInvalid when it cannot be."""
    if name in ("rules_only", "freeze_writes", "pause"):
        return ON
    if name == "prompt_version":
        return value
    most = 1.0 if name in ("share_replay", "share_batch") else float("inf")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        allowed = "a share from 0 to 1" if most == 1.0 else "a number of calls a second, 0 or more"
        raise SettingInvalid(f"{name} = {value!r}", f"give {allowed}")
    return value
