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
    files = sorted(folder.glob("*.txt"))
    vocabulary = folder / FILE
    if not files and not vocabulary.exists():
        raise SettingInvalid(f"{folder} holds no template and no {FILE}", "put NAME.txt or vocabulary.toml there")
    if len(files) > MOST_TEMPLATES:
        raise SettingInvalid(f"{folder} holds {len(files)} templates", f"leave {MOST_TEMPLATES} or fewer there")
    texts = {file.stem: _text(file) for file in files}
    return PromptLibrary(texts, _text(vocabulary) if vocabulary.exists() else None, missions)


def _text(file: Path) -> str:
    """At most what a template may have, and one more, so that no large file is read whole."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return opened.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingInvalid(f"{file} cannot be read: {why}", "put a readable text file there") from error
