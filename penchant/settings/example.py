"""The example file: every setting with its meaning, unit, bounds, variable and default, made from the models."""

import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from penchant.settings.catalogue import Entry, catalogue, sections

WIDTH = 110
HEAD = """\
# Every setting of Penchant with its default, made by `penchant settings --example`.
# Copy it to penchant.toml (or name another file by --config or PENCHANT_CONFIG) and keep what you change.
# A variable of the environment, named beside each setting, goes before this file; lists are words between commas there.
# `penchant settings` shows what is in force and where each value came from."""


def example() -> str:
    """The text of penchant.example.toml."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    for section, entries in groupby(catalogue().values(), key=lambda entry: entry.section):
        if section:
            yield ""
            yield from textwrap.wrap(sections()[section], WIDTH, initial_indent="# ", subsequent_indent="# ")
            yield f"[{section}]"
        for entry in entries:
            yield from _setting(entry)


def _setting(entry: Entry) -> Iterator[str]:
    yield ""
    yield from textwrap.wrap(entry.meaning, WIDTH, initial_indent="# ", subsequent_indent="# ")
    yield from textwrap.wrap(f"{entry.allowed} | {entry.variable}", WIDTH, initial_indent="# ", subsequent_indent="# ")
    if entry.sample:
        yield from (f"# {line}".rstrip() for line in entry.sample.splitlines())
        return
    yield f'# {entry.key} = ""' if entry.default is None else f"{entry.key} = {toml(entry.default)}"


def toml(value: Any) -> str:
    """A setting's value as a settings file has it."""
    match value:
        case str():
            return f'"{value}"'  # defaults hold no quotes or backslashes
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:_}"
        case _:
            line = f"[{', '.join(map(toml, value))}]"
            return line if len(line) < WIDTH - 20 else "[\n" + "".join(f"  {toml(word)},\n" for word in value) + "]"
