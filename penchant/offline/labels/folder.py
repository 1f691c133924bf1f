"""Folder: the pairs that people label, and what they said, as files: pairs.jsonl and labels.jsonl. Blocking: call it in
a thread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from penchant.offline.labels.pairs import Label, Labelled, is_match, of_these, parse_pairs
from streams.errors import SettingInvalid

PAIRS = "pairs.jsonl"

MOST_BYTES = 64 << 20
"""Of one of the files."""


class LabelFolder:
    """A folder that `penchant eval --report` wrote, of pairs or of matches. Labels are appended, so that several may
    write at once."""

    def __init__(self, folder: Path) -> None:
        self._pairs, self._labels = folder / PAIRS, folder / "labels.jsonl"

    def pairs(self) -> dict[str, Labelled]:
        """By id. SettingInvalid where there are none."""
        return parse_pairs(rows(self._pairs))

    def labels(self, pairs: Mapping[str, Labelled]) -> list[Label]:
        """All that was said of these pairs, the oldest first; none where nobody said anything. SettingInvalid for a row
        that is no label."""
        found = rows(self._labels) if self._labels.exists() else []
        return of_these((_label(row, number) for number, row in enumerate(found, 1)), pairs)

    def add(self, labels: Iterable[Label]) -> None:
        """Append what was said. SettingInvalid where the folder cannot be written to."""
        lines = b"".join(orjson.dumps(asdict(label), option=orjson.OPT_APPEND_NEWLINE) for label in labels)
        try:
            with self._labels.open("ab") as file:
                file.write(lines)
        except OSError as exc:
            raise SettingInvalid(f"{self._labels} cannot be written: {exc}", "give it to whoever runs this") from exc


def write_pairs(folder: Path, pairs: Sequence[Mapping[str, Any]]) -> None:
    """Write what people are to label, where there is anything: pairs take the place of pairs, and matches of matches.
    SettingInvalid where the folder cannot be written to, or what stands there cannot be read."""
    path, kinds = folder / PAIRS, set(map(is_match, pairs))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if pairs:
            others = [row for row in (rows(path) if path.exists() else ()) if is_match(row) not in kinds]
            path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in sorted([*others, *pairs], key=is_match)))
    except OSError as exc:
        raise SettingInvalid(f"{path} cannot be written: {exc}", "name another folder with --report") from exc


def rows(path: Path) -> list[Any]:
    """The values of a file of JSON lines. SettingInvalid where it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SettingInvalid(f"{path} has more than {MOST_BYTES:,} bytes", "give a part of it")
        return [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    except (OSError, orjson.JSONDecodeError) as exc:
        raise SettingInvalid(f"{path} cannot be read: {exc}", "give a folder that `penchant eval` wrote") from exc


def _label(row: Any, number: int) -> Label:
    """Somebody's; `who` may be missing, as in a file that was written by hand."""
    try:
        given = (str(row["pair"]), str(row["winner"]), str(row.get("who", "")), int(row.get("at_ms", 0)))
        return Label(*given, str(row.get("digest", "")))
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise SettingInvalid(f"line {number} is no label: {exc}", 'write {"pair": "17", "winner": "tie"}') from exc
