"""Messages: reasons in the words of a language. A catalogue is a TOML file; a shop adds its own beside the packaged."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

from agents.match.reasons import Reason
from streams.errors import SettingInvalid

_PACKAGED = "en"


class Messages:
    """One language's messages, by the code of a reason."""

    def __init__(self, templates: Mapping[str, str], decimal: str) -> None:
        self._templates, self._decimal = templates, decimal

    def text(self, reason: Reason) -> str:
        """The reason for people to read, one line; a value that is not known, such as a currency, leaves no gap."""
        values = {name: self._value(value) for name, value in reason.values.items()}
        return " ".join(self._templates[reason.code].format_map(values).split()).replace(" ,", ",")

    def _value(self, value: str | float) -> str:
        if isinstance(value, str):
            return value
        return f"{value:.2f}".removesuffix(".00").replace(".", self._decimal)


def messages(language: str, folder: Path | None = None) -> Messages:
    """The catalogue of a language, from the folder if it has one. Reads files. SettingInvalid when there is none, or
    when a message lacks, or names a value that its reason does not have."""
    read = _catalogue(language, folder)
    if read is None:
        remedy = f"choose of {', '.join(languages())}, or write {language}.toml into the folder match.messages"
        raise SettingInvalid(f"there is no catalogue of messages in {language!r}", remedy)
    known, found = fields(_packaged(_PACKAGED)), fields(read)
    for code, names in known.items():
        if code not in found:
            raise SettingInvalid(f"{language}.toml has no message {code!r}", f"write one of {_form(names)}")
        if unknown := found[code] - names:
            fault = f"the message {code!r} of {language}.toml names {{{min(unknown)}}}"
            raise SettingInvalid(fault, f"it may name {_form(names)}")
    return Messages(read["messages"], str(read.get("decimal", ".")))


def languages(folder: Path | None = None) -> tuple[str, ...]:
    """Those that are packaged, and those of a shop's folder. Reads the folder."""
    files = resources.files("agents.match").joinpath("catalogues").iterdir()
    own = folder.glob("*.toml") if folder else ()
    names = {file.name.removesuffix(".toml") for file in (*files, *own)}
    return tuple(sorted(name for name in names if name.isalnum()))


def fields(catalogue: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The values that each message names. SettingInvalid for what is no template."""
    try:
        return {
            code: frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
            for code, text in catalogue["messages"].items()
        }
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        remedy = 'write a table [messages] with lines such as price-above = "{over} {currency} above your range"'
        raise SettingInvalid(f"a catalogue of messages cannot be read: {exc}", remedy) from exc


def _catalogue(language: str, folder: Path | None) -> dict[str, Any] | None:
    path = folder / f"{language}.toml" if folder and language.isalnum() else None
    try:
        if path and path.is_file():
            return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise SettingInvalid(f"{path} cannot be read: {exc}", "write it as agents/match/catalogues/en.toml is") from exc
    return _packaged(language) if language in languages() else None


def _packaged(language: str) -> dict[str, Any]:
    file = resources.files("agents.match").joinpath("catalogues", f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _form(names: frozenset[str]) -> str:
    return " ".join(f"{{{name}}}" for name in sorted(names)) or "no value"
