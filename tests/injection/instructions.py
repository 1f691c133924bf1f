"""Instructions to plant: those of `penchant audit`, and BIPIA's."""

import json
from functools import cache

from penchant.offline.audit.corpus import ENCODINGS, INSTRUCTIONS, SHOWN
from tests.lacks import DATA

__all__ = ["BIPIA", "ENCODINGS", "OWN", "SHOWN", "bipia"]

BIPIA = "injections_bipia_train.json"
"""Text attacks of microsoft/BIPIA (MIT), train: not in this repository."""

OWN = INSTRUCTIONS
"""They are always planted."""


@cache
def bipia() -> tuple[str, ...]:
    """Every instruction of the file; none where it is not there."""
    if not (DATA / BIPIA).exists():
        return ()
    return tuple(text for texts in json.loads((DATA / BIPIA).read_text(encoding="utf-8")).values() for text in texts)
