"""Purposes: what shoppers agreed to stands beside their intents, for rankers that ask with one; minors have none."""

from typing import Any

import orjson
import pytest
from penchant_reader import IntentReader

from sandbox.servers.redis import RedisServer
from streams.events.privacy import PrivacyRules, Purpose
from tests.privacy.planting import BEGAN_MS, Planted
from tests.privacy.test_privacy import Scene, scene, worked

READ_S = 5.0


def event(number: int, shopper: str, action: str = "view", **more: object) -> Planted:
    """A native record of a kettle."""
    told = {"event_id": f"e{number}", "shopper_id": shopper, "action": action, "time_ms": BEGAN_MS + number}
    value = orjson.dumps(told | {"items": [{"id": "p-1", "title": "Kettle"}]} | more)
    return Planted(f"{shopper} {number}", "native", value)


BOTH, NO_ADS = {"personalisation": True, "advertising": True}, {"advertising": False}
LOG = [
    event(1, "ada", consent=BOTH),
    event(2, "ada", "list_view", consent=NO_ADS),
    event(3, "bea"),
    event(4, "cyn", consent=NO_ADS),
    event(5, "kid", minor=True),
    event(6, "kid", minor=True),
]


def told(server: RedisServer, made: Scene, purpose: str, *, strict: bool = False) -> dict[str, str]:
    """Who has an intent for a purpose, or why not."""
    with IntentReader(server.url, namespace=made.namespace, timeout_s=READ_S) as reader:
        found = reader.get_many(["ada", "bea", "cyn", "kid"], purpose=purpose, purpose_strict=strict)
    return {intent.shopper: intent.reason for intent in found}


@pytest.mark.redis
@pytest.mark.parametrize(
    ("default", "purposes"),
    [
        (None, {"ada": b"personalisation", "bea": None, "cyn": b"", "kid": None}),
        ((), {"ada": b"personalisation", "bea": b"", "cyn": b"", "kid": None}),
        (
            ("personalisation", "advertising"),
            {"ada": b"personalisation", "bea": b"advertising,personalisation", "cyn": b"personalisation", "kid": None},
        ),
    ],
)
async def test_what_was_agreed_to_stands_in_the_hash(
    default: tuple[Purpose, ...] | None, purposes: dict[str, Any], redis_server: RedisServer
) -> None:
    """In order with commas between; the latest counts; a default where nothing was said. In `doc` it is a list."""
    async with scene(redis_server) as made:
        await worked(made, LOG, PrivacyRules(default_purposes=default))
        for shopper, expected in purposes.items():
            key = f"{made.namespace}:{{{shopper}}}:intent"
            assert await made.redis.hget(key, "purposes") == expected
            if doc := await made.redis.hget(key, "doc"):
                names = orjson.loads(doc)["purposes"]
                assert names == (None if expected is None else expected.decode().split(",") if expected else [])
        assert not await made.redis.exists(f"{made.namespace}:{{kid}}:context")
        assert made.instruments.meter.minors == 2


@pytest.mark.redis
async def test_a_ranker_that_asks_with_a_purpose(redis_server: RedisServer) -> None:
    """It gets those who agreed, and, unless it is strict, those of whom nobody said anything."""
    async with scene(redis_server) as made:
        await worked(made, LOG)
        assert told(redis_server, made, "personalisation") == {"ada": "", "bea": "", "cyn": "purpose", "kid": "absent"}
        assert told(redis_server, made, "advertising") == {
            "ada": "purpose", "bea": "", "cyn": "purpose", "kid": "absent",
        }  # fmt: skip
        strictly = told(redis_server, made, "personalisation", strict=True)
        assert strictly == {"ada": "", "bea": "purpose", "cyn": "purpose", "kid": "absent"}
