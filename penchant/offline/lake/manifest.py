"""Manifest: the files that count, and how far each topic stands in them. It is replaced whole. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from penchant.offline.lake.rows import Table
from streams.errors import ContractMismatch
from streams.records.watermark import Watermark

NAME = "_manifest.json"
"""Readers of folders pass over names that begin with an underscore."""


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file of one table and one hour (UTC, as 2026-01-31T08)."""

    name: str
    table: Table
    hour: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`reached` says up to where each topic stands in the parts, `number` how often the manifest was written."""

    number: int = 0
    reached: Mapping[str, Watermark] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    def dump(self) -> bytes:
        """As the file holds it."""
        reached = {topic: {"topic_id": each.topic, "offsets": each.offsets} for topic, each in self.reached.items()}
        return orjson.dumps({"number": self.number, "reached": reached, "parts": self.parts})

    @classmethod
    def load(cls, data: bytes | None, place: str) -> "Manifest":
        """Read it back; an empty one where there is none. Raises ContractMismatch: an empty one would double all."""
        if data is None:
            return cls()
        try:
            said = orjson.loads(data)
            reached = {
                topic: Watermark(each["topic_id"], tuple(each["offsets"])) for topic, each in said["reached"].items()
            }
            return cls(said["number"], reached, tuple(Part(**each) for each in said["parts"]))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ContractMismatch(f"{place}/{NAME} cannot be read: {exc!r}", "follow into an empty place") from exc
