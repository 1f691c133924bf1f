"""The catalogue of settings: name, default, meaning and what is allowed, read from the sections themselves."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import pairwise
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

    def value(self, settings: Settings) -> Any:
        """What it is in these settings."""
        value: Any = settings
        for part in self.name.split("."):
            value = getattr(value, part)
        return value


def variable(name: str) -> str:
    """The environment variable for a full name: `kafka.topic` is `PENCHANT_KAFKA__TOPIC`."""
    return PREFIX + name.replace(".", DELIMITER).upper()


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every setting by its full name, in the order of the example file."""
    schema = Settings.model_json_schema()
    entries: list[Entry] = []
    for name, field in schema["properties"].items():
        if name in sections():
            entries += _entries(schema, name, "", type(getattr(Settings(), name)))
        else:
            entries.append(_entry("", name, field, field["description"]))
    return {entry.name: entry for entry in entries}


@cache
def sections() -> Mapping[str, str]:
    """Every section's name and the first paragraph of what its class says of itself."""
    defaults = ((name, getattr(Settings(), name)) for name in Settings.model_fields)
    return {name: inspect.cleandoc(type(value).__doc__ or "").partition("\n\n")[0]
            for name, value in defaults if is_dataclass(value)}  # fmt: skip


def _entries(schema: Schema, section: str, above: str, cls: type[Any]) -> Iterator[Entry]:
    """A section's settings; a group within it adds its name to theirs."""
    texts, defaults = meanings(cls), {field.name: field.default for field in fields(cls)}
    for key, field in schema["$defs"][cls.__name__]["properties"].items():
        if is_dataclass(defaults[key]):
            yield from _entries(schema, section, f"{above}{key}.", type(defaults[key]))
        else:
            yield _entry(section, above + key, field, texts[key])


def meanings(cls: type[Any]) -> Mapping[str, str]:
    """The docstring under each field."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    pairs = pairwise(tree.body) if isinstance(tree, ast.ClassDef) else ()
    return {
        field.target.id: str(text.value.value)
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }  # fmt: skip


def _entry(section: str, key: str, field: Schema, meaning: str) -> Entry:
    inner = next((option for option in field.get("anyOf", ()) if option.get("type") != "null"), field)
    secret, sample = inner.get("format") == "password", field.get("sample", "")
    allowed = _allowed(field if sample else inner)
    return Entry(section, key, field.get("default"), " ".join(meaning.split()), allowed, secret, sample)


def _allowed(field: Schema) -> str:
    match field:
        case {"enum": options}:
            return f"one of {', '.join(options)}"
        case {"form": str(form)}:
            return form
        case {"type": "array", "items": items}:
            return f"a list, each {_allowed(items)}"
        case {"format": "file-path" | "directory-path" as kind}:
            return f"the path of a {'file' if kind == 'file-path' else 'folder'} that exists"
        case {"type": "number" | "integer"}:
            return ", ".join(_number(field))
    return "true or false" if field.get("type") == "boolean" else "text"


def _number(field: Schema) -> list[str]:
    bounds = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    whole = ["whole"] if field["type"] == "integer" else []
    return [field["unit"], *whole, *(f"{words} {field[key]:.12g}" for key, words in bounds.items() if key in field)]
