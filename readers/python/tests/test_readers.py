"""Both readers, before a server that does what a test tells it to."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from readers.python.tests.scripted import KEY, PATIENT_S, Connect, ScriptedRedis, hash_of, nowhere, reply_of

from penchant_reader import ALL, AsyncIntentReader, IntentReader, ReadFailed
from penchant_reader.reading import FIRST


def test_intents_come_in_the_order_asked(connect: Connect, server: ScriptedRedis) -> None:
    """Each under its own shopper, twice if asked twice."""
    intents = connect(server.url, timeout_s=PATIENT_S).get_many(["bob", "ada", "bob"], fields=ALL)
    assert [intent.shopper for intent in intents] == ["bob", "ada", "bob"]
    assert [intent.doc["shopper"] for intent in intents] == [KEY % name for name in ("bob", "ada", "bob")]


def test_many_are_one_round_trip(connect: Connect, server: ScriptedRedis) -> None:
    """All hundred are asked for before the first reply: this server replies to none until it has heard of all."""
    heard: list[str] = []

    def answer(key: str) -> bytes:
        heard.append(key)
        return (
            b""
            if len(heard) < 100
            else b"".join(reply_of([hash_of(each).get(name) for name in FIRST[ALL]]) for each in heard)
        )

    server.answer = answer
    names = [f"s{number}" for number in range(100)]
    intents = connect(server.url, timeout_s=PATIENT_S * 6).get_many(names, fields=ALL)
    assert [intent.doc["shopper"] for intent in intents] == [KEY % name for name in names]


def test_nothing_asked_is_nothing_read(connect: Connect) -> None:
    """Not even a connection is made."""
    assert connect(nowhere(), strict=True).get_many([]) == []


def test_the_namespace_is_the_readers(connect: Connect, server: ScriptedRedis) -> None:
    """Another namespace is another key."""
    reader = connect(server.url, namespace="shop", timeout_s=PATIENT_S)
    assert reader.get("ada").doc["shopper"] == "shop:{ada}:intent"


def test_a_server_that_is_away_is_counted(connect: Connect) -> None:
    """Every shopper is missing, and that it was a failure is told."""
    reader = connect(nowhere(), timeout_s=PATIENT_S)
    intents = reader.get_many(["ada", "bob"])
    assert [intent.shopper for intent in intents if intent.missing and intent.failed] == ["ada", "bob"]
    assert reader.failures == {"ConnectionError": 1}


def test_a_strict_reader_raises(connect: Connect) -> None:
    """One error of its own, with the cause behind it."""
    with pytest.raises(ReadFailed, match="ConnectionError") as raised:
        connect(nowhere(), timeout_s=PATIENT_S, strict=True).get("ada")
    assert raised.value.__cause__ is not None


def test_the_timeout_bounds_the_whole_call(connect: Connect, server: ScriptedRedis) -> None:
    """Replies that each come in time do not add up to a call without end. What came in time is returned."""
    server.pause_s = 0.4
    reader = connect(server.url, timeout_s=1)
    intents = reader.get_many(["ada"] * 50)
    assert [intent.reason for intent in intents].index("timeout") <= 2
    assert {intent.reason for intent in intents[2:]} == {"timeout"}
    assert reader.failures == {"TimeoutError": 1}


def test_late_replies_reach_nobody(connect: Connect, server: ScriptedRedis) -> None:
    """What came too late for one shopper is not given to the next."""
    reader = connect(server.url, timeout_s=1, circuit_s=0)
    server.pause_s = 2
    assert reader.get("late").failed
    server.pause_s = 0
    assert reader.get("next").doc["shopper"] == KEY % "next"


def test_one_bad_reply_spoils_no_other(connect: Connect, server: ScriptedRedis) -> None:
    """A key of another type, half a hash, text where a number should be: each fails alone."""
    bad: dict[str, bytes | dict[str, str]] = {
        "wrong": b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
        "half": {"schema": "1", "stage": "compare"},
        "text": hash_of(confidence="high"),
        "later": hash_of(schema="99"),
    }
    server.answer = lambda key: bad.get(key.split("{")[1].split("}")[0]) or hash_of()
    reader = connect(server.url, timeout_s=PATIENT_S)
    assert [intent.shopper for intent in reader.get_many([*bad, "good"]) if not intent.failed] == ["good"]
    assert reader.failures == {"ResponseError": 1, "ValueError": 3}


def test_a_document_that_cannot_be_parsed_is_counted(connect: Connect, server: ScriptedRedis) -> None:
    """When it is used, by the reader that read it."""
    server.answer = lambda key: hash_of(doc="{")
    reader = connect(server.url, timeout_s=PATIENT_S)
    intent = reader.get("ada")
    assert (intent.stage, sum(reader.failures.values())) == ("compare", 0)
    assert intent.doc == {}
    assert reader.failures == {"JSONDecodeError": 1}


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"-LOADING not yet\r\n", b"*13\r\n$1\r\n1"])
def test_nonsense_is_a_failure(connect: Connect, server: ScriptedRedis, answer: bytes) -> None:
    """Whatever comes back, the ranker gets an answer."""
    server.answer = lambda key: answer
    reader = connect(server.url, timeout_s=0.5)
    assert reader.get("ada").failed
    assert sum(reader.failures.values()) == 1


def test_a_name_that_is_no_text_is_a_failure(connect: Connect, server: ScriptedRedis) -> None:
    """Half a surrogate pair cannot be sent; the ranker does not hear of it, and the connection goes on."""
    reader = connect(server.url, timeout_s=PATIENT_S)
    assert reader.get("\ud800").failed
    assert reader.get("ada").stage == "compare"


def test_threads_share_a_reader(server: ScriptedRedis) -> None:
    """Each has its own deadline and gets its own shoppers."""
    with IntentReader(server.url, timeout_s=PATIENT_S) as reader, ThreadPoolExecutor(8) as threads:
        names = [f"s{number}" for number in range(200)]
        intents = list(threads.map(reader.get, names))
    assert [intent.doc["shopper"] for intent in intents] == [KEY % name for name in names]


def test_cancelling_cancels(server: ScriptedRedis) -> None:
    """A task that is cancelled in a read is cancelled, and its connection is not used again."""

    async def cancel_and_read() -> str:
        async with AsyncIntentReader(server.url, timeout_s=PATIENT_S) as reader:
            server.pause_s = 0.2
            read = asyncio.create_task(reader.get("ada"))
            await asyncio.sleep(0.1)
            read.cancel()
            with pytest.raises(asyncio.CancelledError):
                await read
            server.pause_s = 0
            return str((await reader.get("bob")).doc["shopper"])

    assert asyncio.run(cancel_and_read()) == KEY % "bob"


@pytest.mark.parametrize("url", ["unix:///run/redis.sock", "redis://localhost/3"])
@pytest.mark.parametrize("kind", [IntentReader, AsyncIntentReader])
def test_a_url_of_no_cluster_is_told_at_once(kind: Callable[..., object], url: str) -> None:
    """A cluster has neither sockets nor databases."""
    with pytest.raises(ValueError, match="cluster"):
        kind(url, cluster=True)


@pytest.mark.parametrize("kind", [IntentReader, AsyncIntentReader])
def test_a_wrong_url_is_told_at_once(kind: type) -> None:
    """It is the caller's mistake, and no ranker has started yet."""
    with pytest.raises(ValueError, match="redis://"):
        kind("localhost:6379")
