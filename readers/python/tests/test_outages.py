"""While Redis is away: what a ranker pays, and what it is given meanwhile."""

import time

from readers.python.tests.scripted import KEY, PATIENT_S, Connect, ScriptedRedis, hash_of

from penchant_reader import ALL


def test_a_server_that_is_away_is_not_asked_again_at_once(connect: Connect, server: ScriptedRedis) -> None:
    """The first call pays the timeout; those after it are told at once, and nothing is sent."""
    asked: list[str] = []
    server.answer = lambda key: asked.append(key) or b""  # type: ignore[func-returns-value]
    reader = connect(server.url, timeout_s=PATIENT_S, circuit_s=600)
    assert all(reader.get("ada").failed for _ in range(20))
    assert reader.failures == {"TimeoutError": 1, "CircuitOpen": 19}
    assert len(asked) <= 1


def test_a_server_that_is_back_is_asked_again(connect: Connect, server: ScriptedRedis) -> None:
    """After a moment, without anybody's doing."""
    server.pause_s = 3
    reader = connect(server.url, timeout_s=1)
    intent = reader.get("ada")
    assert intent.failed
    server.pause_s = 0
    ends_s = time.monotonic() + 60
    while intent.failed and time.monotonic() < ends_s:
        time.sleep(0.02)
        intent = reader.get("ada")
    assert intent.stage == "compare"


def test_an_error_that_redis_replies_opens_no_circuit(connect: Connect, server: ScriptedRedis) -> None:
    """A key of another type is about that key, not about the server."""
    server.answer = lambda key: b"-WRONGTYPE no hash\r\n" if "bad" in key else hash_of()
    reader = connect(server.url, timeout_s=PATIENT_S)
    assert reader.get("bad").failed
    assert not reader.get("good").failed


def test_a_cached_intent_is_not_read_again(connect: Connect, server: ScriptedRedis) -> None:
    """Of many, only those that are not at hand are asked for, and each stands in its place."""
    asked: list[str] = []
    server.answer = lambda key: asked.append(key) or hash_of(key)  # type: ignore[func-returns-value]
    reader = connect(server.url, timeout_s=PATIENT_S, cache_entries=10, cache_s=600)
    reader.get("bob")
    intents = reader.get_many(["ada", "bob", "cyd"], fields=ALL)
    assert [intent.doc["shopper"] for intent in intents] == [KEY % name for name in ("ada", "bob", "cyd")]
    assert asked == [KEY % name for name in ("bob", "ada", "cyd")]


def test_a_cached_intent_outlives_an_outage(connect: Connect, server: ScriptedRedis) -> None:
    """For as long as the cache keeps it."""
    reader = connect(server.url, timeout_s=2, cache_entries=10, cache_s=600)
    server.answer = lambda key: hash_of() if "ada" in key else b""
    assert [each.failed for each in reader.get_many(["ada"]) + reader.get_many(["bob", "ada"])] == [False, True, False]
