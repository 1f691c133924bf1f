"""Prompts by the settings: the library of templates, read from the shop's folder once a process."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from prompts.library import LARGEST, PromptLibrary
from prompts.vocabulary import FILE
from streams.errors import SettingInvalid

MOST_TEMPLATES = 100


@lru_cache(maxsize=16)
def prompt_library(folder: Path | None, missions: Sequence[str] = ()) -> PromptLibrary:
    """The packaged templates, and those of a folder with its vocabulary.toml. A running process keeps what it has read.

    Raises SettingInvalid when the folder cannot be read, or holds what is no template or no vocabulary.
    """
    if folder is None:
        return PromptLibrary(missions=missions)
    texts, vocabulary = own_templates(folder), own_vocabulary(folder)
    if not texts and vocabulary is None:
        raise SettingInvalid(f"{folder} holds no template and no {FILE}", "put NAME.txt or vocabulary.toml there")
    return PromptLibrary(texts, vocabulary, missions)


def own_templates(folder: Path) -> dict[str, str]:
    """The folder's templates by name. Raises SettingInvalid."""
    files = sorted(folder.glob("*.txt"))
    if len(files) > MOST_TEMPLATES:
        raise SettingInvalid(f"{folder} holds {len(files)} templates", f"leave {MOST_TEMPLATES} or fewer there")
    return {file.stem: _text(file) for file in files}


def own_vocabulary(folder: Path) -> str | None:
    """The text of the folder's vocabulary.toml; None where it has none. Raises SettingInvalid."""
    file = folder / FILE
    return _text(file) if file.exists() else None


def _text(file: Path) -> str:
    """At most what a template may have, and one more, so that no large file is read whole."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return opened.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingInvalid(f"{file} cannot be read: {why}", "put a readable text file there") from error
