"""The fixtures that every reader reads: what stands in Redis, and what a ranker gets of it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.connection import Client
from storage.keys import Keys

FILE = Path(__file__).parents[2] / "readers" / "fixtures" / "intents.json"


def cases() -> Sequence[Mapping[str, Any]]:
    """Each with a shopper, the `fields` of the hash (or `text`, for a key of another type), what is `read`, and whether
    the service writes such hashes now (`written`)."""
    found: Sequence[Mapping[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


async def put(client: Client, namespace: str) -> None:
    """Put all of them into Redis."""
    keys = Keys(namespace)
    for case in cases():
        key = keys.intent(case["shopper"])
        if "text" in case:
            await client.set(key, case["text"])
        elif case["fields"]:
            await client.hset(key, mapping=case["fields"])
