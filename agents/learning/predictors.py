"""Predictors: trees read from a file, once, at the start."""

from pathlib import Path

from agents.worker.reasoning import Learned
from prompts.learned.foresight import Foresight
from prompts.learned.predictor import LARGEST_BYTES, Predictor, load
from streams.errors import SettingInvalid


def read_predictor(file: Path) -> Predictor:
    """The file's. Raises SettingInvalid where it cannot be read or is no predictor, PlatformLacks without LightGBM.
    Reads a file: call it in a thread."""
    try:
        with file.open("rb") as opened:
            return load(opened.read(LARGEST_BYTES + 1))
    except OSError as exc:
        remedy = "make it with penchant learn --predictor"
        raise SettingInvalid(f"the predictor {file} cannot be read: {exc.strerror}", remedy) from exc


def predicting(learned: Learned, predictor: Predictor) -> Learned:
    """The snapshot in force, put in order by another predictor than everybody's."""
    made: Foresight | None = None

    def now() -> Foresight | None:
        nonlocal made
        given = learned()
        if given is not None and (made is None or made.learned is not given.learned):
            made = Foresight(given.learned, predictor)
        return made if given is not None else None

    return now
