"""Large reads: what came in time is returned, and who asks for one shopper does not pay for who asks for a thousand."""

import threading

import pytest
from readers.python.tests.scripted import PATIENT_S, Connect, Hash, ScriptedRedis, hash_of

from penchant_reader import ALL, HOT

NAMES = [f"s{number}" for number in range(1_000)]


def stuck_after(server: ScriptedRedis, count: int) -> threading.Event:
    """Let the server answer so many, and the rest when the event is set."""
    answered, go_on = iter(range(count)), threading.Event()

    def answer(key: str) -> Hash:
        if next(answered, None) is None:
            go_on.wait(PATIENT_S)
        return hash_of(key)

    server.answer = answer
    return go_on


def test_what_came_in_time_is_returned(connect: Connect, server: ScriptedRedis) -> None:
    """The rest is missing, with the reason; the next read is not refused, as the server is there."""
    go_on = stuck_after(server, 300)
    reader = connect(server.url, timeout_s=2, circuit_s=600)
    intents = reader.get_many(NAMES)
    go_on.set()
    assert [each.shopper for each in intents] == NAMES
    came = [each.shopper for each in intents if not each.missing]
    assert came == NAMES[: len(came)]
    assert 0 < len(came) <= 300
    assert {each.reason for each in intents[len(came) :]} == {"timeout"}
    assert reader.failures == {"TimeoutError": 1}
    assert not any(each.missing for each in reader.get_many(NAMES[:60]))


def test_large_reads_that_fail_do_not_hold_up_small_ones(connect: Connect, server: ScriptedRedis) -> None:
    """Each has a circuit of its own. The server does not let the reader wait: a circuit stays open for as long as a
    timeout at first, which a machine that stands still must not outlast."""
    server.answer = lambda key: b"?\r\n"
    reader = connect(server.url, timeout_s=60, circuit_s=600)
    assert {each.reason for each in reader.get_many(NAMES)} == {"unavailable"}
    server.answer = hash_of
    assert {each.reason for each in reader.get_many(NAMES)} == {"circuit"}
    assert reader.get("ada").stage == "compare"


def test_small_reads_that_fail_do_not_hold_up_large_ones(connect: Connect, server: ScriptedRedis) -> None:
    """Nor the other way round: a large read finds out for itself."""
    go_on = stuck_after(server, 0)
    reader = connect(server.url, timeout_s=1, circuit_s=600)
    assert reader.get("ada").reason == "timeout"
    go_on.set()
    assert not any(each.missing for each in reader.get_many(NAMES[:60]))


def test_many_are_read_without_their_documents(connect: Connect, server: ScriptedRedis) -> None:
    """A document that was not asked for is empty, and its use is counted."""
    reader = connect(server.url, timeout_s=PATIENT_S)
    (intent,) = reader.get_many(["ada"])
    assert (intent.stage, intent.whole) == ("compare", False)
    assert intent.doc == {}
    assert reader.failures == {"DocumentNotRead": 1}


@pytest.mark.parametrize("fields", ["doc", ("doc",), ALL, ["stage", "doc"]])
def test_the_document_comes_when_it_is_named(connect: Connect, server: ScriptedRedis, fields: list[str]) -> None:
    """All hot fields come with it."""
    (intent,) = connect(server.url, timeout_s=PATIENT_S).get_many(["ada"], fields=fields)
    assert (intent.stage, list(intent.doc)) == ("compare", ["shopper"])


@pytest.mark.parametrize("fields", [HOT, (), "stage"])
def test_hot_fields_come_always(connect: Connect, server: ScriptedRedis, fields: list[str]) -> None:
    """Of one as of many."""
    intent = connect(server.url, timeout_s=PATIENT_S).get("ada", fields=fields)
    assert (intent.stage, intent.brand, intent.whole) == ("compare", "Ålesund", False)


def test_a_field_that_no_hash_has_is_the_callers_mistake(connect: Connect, server: ScriptedRedis) -> None:
    """Named, with those that there are."""
    with pytest.raises(ValueError, match=r"\['docs'\]; there are schema, .*, doc"):
        connect(server.url).get_many(["ada"], fields=["docs"])


def test_a_kept_intent_without_its_document_is_read_again_for_it(connect: Connect, server: ScriptedRedis) -> None:
    """The cache does not pass off a part as the whole."""
    reader = connect(server.url, timeout_s=PATIENT_S, cache_entries=10, cache_s=600)
    assert not reader.get_many(["ada"])[0].whole
    assert reader.get("ada").doc
    assert reader.get_many(["ada"])[0].whole
