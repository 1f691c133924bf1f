"""Predictors: trees read from a file, once, at the start."""

from pathlib import Path

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
