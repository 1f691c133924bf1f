"""Reading: intents of a lake, for whoever joins them to requests. Erased shoppers have none."""

from collections.abc import Collection, Iterator
from datetime import datetime

from penchant.offline.lake.manifest import NAME, Manifest, Part
from penchant.offline.lake.place import Place
from streams.errors import LakeUnavailable, SettingInvalid
from streams.records.history import Readable
from streams.records.intents import Intent

ATTEMPTS = 5
"""Files are replaced while they are read: the next manifest names the new ones."""

_COLUMNS = ("readable_at", "expires_at", "doc")


def intents(place: Place, shoppers: Collection[str], until_hour: str) -> list[Readable]:
    """What became readable of some shoppers, up to the end of an hour (UTC, as 2026-01-31T08). It blocks.

    SettingInvalid where there is no lake; LakeUnavailable.
    """
    for attempt in range(ATTEMPTS):
        data = place.read(NAME)
        if data is None:
            raise SettingInvalid(f"{place.uri} has no {NAME}", "fill it: penchant export --follow")
        parts = [part for part in Manifest.load(data, place.uri).parts if part.table == "intents"]
        try:
            return [each for part in parts if part.hour <= until_hour for each in _of(place, part, shoppers)]
        except LakeUnavailable:
            if attempt == ATTEMPTS - 1 or place.read(NAME) == data:
                raise
    return []


def _of(place: Place, part: Part, shoppers: Collection[str]) -> Iterator[Readable]:
    table = place.read_table(part.name, _COLUMNS, [("shopper", "in", list(shoppers))])
    for row in table.to_pylist():
        yield Readable(Intent.load(row["doc"]), _ms(row["readable_at"]), _ms(row["expires_at"]))


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1_000)
