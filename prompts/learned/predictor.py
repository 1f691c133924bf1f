"""Predictor: LightGBM's trees, which put candidates in order and foresee a price range, read from a bounded file.

The file is JSON around LightGBM's own text: nothing of it is code, and no name of a shop is in it. The extra `learn`
installs LightGBM.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import exp
from typing import Any, Literal, get_args

import numpy as np
import orjson

from prompts.learned.features import Row
from streams.errors import PlatformLacks, SettingInvalid

Part = Literal["category", "brand", "low", "high"]
"""Which trees: chances of a category and of a brand, and the ends of the price range."""

FORMAT = 1
"""Grows when the features change: trees of other features would be read wrongly."""

LARGEST_BYTES = 8 * 1024 * 1024
_AGAIN = "make one with penchant learn --predictor"


class Predictor:
    """Trees by part. `name` is the digest of the file."""

    def __init__(self, name: str, trees: Mapping[Part, Any]) -> None:
        self.name, self._trees = name, trees

    def chances(self, part: Literal["category", "brand"], rows: Sequence[Row]) -> list[float]:
        """How likely each candidate comes next, from 0 to 1: trees correct the log odds of the counts, a row's first
        feature. They need not sum to 1."""
        raw = self._predicted(part, rows, raw_score=True)
        return [1 / (1 + exp(-(row[0] + float(odds)))) for row, odds in zip(rows, raw, strict=True)]

    def price_range(self, row: Row) -> tuple[float, float]:
        """The range that holds four prices in five, in doublings from the last one."""
        low, high = (float(self._predicted(part, [row])[0]) for part in ("low", "high"))
        return min(low, high), max(low, high)

    def _predicted(self, part: Part, rows: Sequence[Row], *, raw_score: bool = False) -> Any:
        return self._trees[part].predict(np.array(rows, dtype=float), raw_score=raw_score, num_threads=1)


def dump(trees: Mapping[Part, str]) -> bytes:
    """A predictor's file from LightGBM's texts."""
    doc = {"format": FORMAT, "trees": dict(trees), "digest": _digest(trees)}
    return orjson.dumps(doc, option=orjson.OPT_SORT_KEYS)


def name_of(body: bytes) -> str:
    """The digest by which intents name a predictor's file."""
    return sha256(body).hexdigest()[:12]


def load(body: bytes) -> Predictor:
    """A predictor from its file. Raises SettingInvalid for other bytes, PlatformLacks without LightGBM."""
    if len(body) > LARGEST_BYTES:
        raise SettingInvalid(f"this predictor is larger than {LARGEST_BYTES:,} bytes", _AGAIN)
    try:
        doc = orjson.loads(body)
        texts = {part: str(doc["trees"][part]) for part in get_args(Part)}
    except (orjson.JSONDecodeError, KeyError, TypeError) as exc:
        raise SettingInvalid(f"this is no predictor: {exc!r}", _AGAIN) from exc
    if doc.get("format") != FORMAT:
        raise SettingInvalid(f"this predictor is of format {doc.get('format')!r}, not {FORMAT}", _AGAIN)
    if doc.get("digest") != _digest(texts):  # LightGBM's parser trusts what it reads
        raise SettingInvalid("this predictor is damaged", _AGAIN)
    return Predictor(name_of(body), {part: _trees(part, text) for part, text in texts.items()})


def _digest(trees: Mapping[Part, str]) -> str:
    return sha256("".join(trees[part] for part in get_args(Part)).encode()).hexdigest()


def lightgbm() -> Any:
    """The library. Raises PlatformLacks where it is not installed."""
    try:
        import lightgbm as library  # noqa: PLC0415 (an extra)
    except (ImportError, OSError) as exc:  # OSError: without libgomp
        remedy = "pip install 'penchant[learn]', and on Debian apt-get install libgomp1"
        raise PlatformLacks(f"a predictor needs LightGBM: {exc}", remedy) from exc
    return library


def _trees(part: Part, text: str) -> Any:
    library = lightgbm()
    try:
        return library.Booster(model_str=text)
    except (library.basic.LightGBMError, ValueError) as exc:
        raise SettingInvalid(f"the predictor's trees for {part} cannot be read: {exc}", _AGAIN) from exc
