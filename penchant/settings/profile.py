"""Profile: settings that belong together, in a file of their own, below those of the settings file."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from penchant.settings.problems import Problem, invalid
from penchant.settings.toml_file import read_toml

FOLDER = Path(__file__).parent / "profiles"


@cache
def built_in() -> tuple[str, ...]:
    """The names of those that come with Penchant."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def profile_values(name: object) -> Mapping[str, Any]:
    """What the profile of this name, or of the file at this path, sets. SettingInvalid where there is none."""
    if not isinstance(name, str) or not name:
        raise invalid([Problem("profile", "profile", f"must be a name, or a file's path: {', '.join(built_in())}")])
    place = FOLDER / f"{name}.toml" if name in built_in() else Path(name)
    if place.suffix != ".toml":
        fault = f"there is none of the name {name}: choose of {', '.join(built_in())}, or name a .toml file"
        raise invalid([Problem("profile", "profile", fault)])
    values = read_toml(place, "profile")
    if "profile" in values:
        raise invalid([Problem("profile", str(place), "a profile names no other one: leave it out there")])
    return values
