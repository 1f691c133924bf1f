"""The file through which a model server that runs is given its faults."""

from collections.abc import Callable
from pathlib import Path

from sandbox.gpu.faults import Faults
from streams.errors import SettingInvalid

VARIABLE = "PENCHANT_SIMULATED_FAULTS"
"""The environment variable with its path."""


class FaultFile:
    """What stands in a file, if there is one. `current` is read again when the file is another; `complain` is told of
    one that is wrong, and what was there before stays."""

    def __init__(self, path: str, complain: Callable[[str], None]) -> None:
        self._path, self._complain = path, complain
        self._seen: tuple[int, int] | None = None
        self._faults = Faults()

    def current(self) -> Faults:
        """What is in force now."""
        try:
            status = Path(self._path).stat() if self._path else None
        except FileNotFoundError:
            status = None
        seen = None if status is None else (status.st_mtime_ns, status.st_ino)
        if seen != self._seen:
            self._seen = seen
            try:
                self._faults = Faults() if seen is None else Faults.parse(Path(self._path).read_text(encoding="utf-8"))
            except SettingInvalid as error:
                self._complain(str(error))
        return self._faults


def write(path: Path, faults: Faults) -> None:
    """Put them in force: another file in one step, so that no half of it is read."""
    new = path.with_suffix(".new")
    new.write_text(faults.write() + "\n", encoding="utf-8")
    new.replace(path)
