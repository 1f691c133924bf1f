"""The catalogue of settings: name, default, meaning and what is allowed, read from the models' own JSON schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from penchant.settings.root import DELIMITER, PREFIX, Settings

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting. `section` is empty for the few at the top; `default` is None where there is none. `sample` shows one
    that takes more than a line."""

    section: str
    key: str
    default: Any
    meaning: str
    allowed: str
    secret: bool
    sample: str = ""

    @property
    def name(self) -> str:
        """The full name, as in `kafka.topic`."""
        return f"{self.section}.{self.key}" if self.section else self.key

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return variable(self.name)


def variable(name: str) -> str:
    """The environment variable for a full name: `kafka.topic` is `PENCHANT_KAFKA__TOPIC`."""
    return PREFIX + name.replace(".", DELIMITER).upper()


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every setting by its full name, in the order of the example file."""
    schema = Settings.model_json_schema()
    entries: list[Entry] = []
    for name, field in schema["properties"].items():
        if "$ref" in field:
            fields = _section(schema, field)["properties"]
            entries += [_entry(name, key, inner) for key, inner in fields.items()]
        else:
            entries.append(_entry("", name, field))
    return {entry.name: entry for entry in entries}


@cache
def sections() -> Mapping[str, str]:
    """Every section's name and its meaning."""
    schema = Settings.model_json_schema()
    return {
        name: _section(schema, field)["description"] for name, field in schema["properties"].items() if "$ref" in field
    }


def _section(schema: Schema, field: Schema) -> Schema:
    section: Schema = schema["$defs"][field["$ref"].rpartition("/")[2]]
    return section


def _entry(section: str, key: str, field: Schema) -> Entry:
    inner = next((option for option in field.get("anyOf", ()) if option.get("type") != "null"), field)
    secret = inner.get("format") == "password"
    sample = field.get("sample", "")
    meaning = " ".join(field["description"].split())
    return Entry(section, key, field.get("default"), meaning, _allowed(field if sample else inner), secret, sample)


def _allowed(field: Schema) -> str:
    match field:
        case {"enum": options}:
            return f"one of {', '.join(options)}"
        case {"form": str(form)}:
            return form
        case {"type": "array", "items": items}:
            return f"a list, each {_allowed(items)}"
        case {"format": "file-path"}:
            return "the path of a file that exists"
        case {"type": "number" | "integer"}:
            return ", ".join(_number(field))
    return "true or false" if field.get("type") == "boolean" else "text"


def _number(field: Schema) -> list[str]:
    bounds = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    whole = ["whole"] if field["type"] == "integer" else []
    return [field["unit"], *whole, *(f"{words} {field[key]:.12g}" for key, words in bounds.items() if key in field)]
