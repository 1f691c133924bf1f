"""Secret: a password, key or token by value or from a file, which is read again when it has changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationInfo

from streams.address import HIDDEN
from streams.errors import SettingInvalid

Mark = tuple[int, int, int] | None


class FileMarks:
    """Notices that one of some files was replaced: a mounted secret is swapped by a link, or written anew."""

    def __init__(self, *paths: Path | None) -> None:
        self._paths = [path for path in paths if path is not None]
        self._seen: list[Mark] | None = None

    def changed(self) -> bool:
        """Whether a file is another than when `seen` was called last; true before that."""
        return self._marks() != self._seen if self._paths else False

    def seen(self) -> None:
        """What the files are now is known."""
        self._seen = self._marks()

    def _marks(self) -> list[Mark]:
        return [_mark(path) for path in self._paths]


class Secret:
    """A secret named `name` in errors. `checked` returns what may be used as it, or raises ValueError.

    A file that cannot be read the first time is a SettingInvalid. Later the last good value stays in use.
    """

    def __init__(
        self, name: str, value: SecretStr | None, file: Path | None, checked: Callable[[str], str] = str
    ) -> None:
        self._name, self._file, self._checked = name, file, checked
        self._text = value.get_secret_value() if value is not None else None
        self._marks = FileMarks(file)

    def __repr__(self) -> str:
        return f"Secret({self._name}, {HIDDEN})"

    def text(self) -> str | None:
        """What it is now; None where it is not set. Asks the file system, a few microseconds, where it is a file."""
        if self._file is not None and self._marks.changed():
            self._marks.seen()
            self._text = self._read(self._file)
        return self._text

    def _read(self, file: Path) -> str:
        try:
            return self._checked(_content(file))
        except (OSError, ValueError) as exc:
            if self._text is not None:
                return self._text
            why = exc.strerror if isinstance(exc, OSError) else "it is empty, or holds what a secret may not"
            raise SettingInvalid(f"{self._name}_file: {file}: {why}", "write the secret alone into the file") from None


def by_one_way(value: Any, info: ValidationInfo) -> Any:
    """A validator of `…_file`: a secret is given by value or by file. ValueError where it is given twice."""
    other = str(info.field_name).removesuffix("_file")
    if value is not None and info.data.get(other) is not None:
        raise ValueError(f"{other} is set too: leave one of them out")
    return value


def _content(file: Path) -> str:
    text = file.read_text(encoding="utf-8").strip()
    if not text:
        raise ValueError("it is empty")
    return text


def _mark(path: Path) -> Mark:
    try:
        at = path.stat()
    except OSError:
        return None
    return at.st_mtime_ns, at.st_ino, at.st_size
