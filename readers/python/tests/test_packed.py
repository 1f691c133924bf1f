"""The packed field: what it says is what the fields say, and where it is not there the fields are read."""

import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers.python.tests.scripted import PATIENT_S, Connect, Hash, ScriptedRedis, fields_of, hash_of, packed_of
from redis import Connection, ConnectionPool
from redis.exceptions import TimeoutError as RedisTimeout

from penchant_reader.circuit import Circuits
from penchant_reader.decoding import decode, decode_packed
from penchant_reader.fields import ALL, HOT
from penchant_reader.intent import ReadIntent, ignore
from penchant_reader.nodes import WAITED_S, Node
from penchant_reader.reading import FIRST, Ask

NAMES = st.text(st.characters(exclude_characters="\t", codec="utf-8"), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(str)
MILLISECONDS = st.integers(0, 2**53).map(str)
HASHES = st.fixed_dictionaries(
    dict.fromkeys(("stage", "mission", "category", "brand", "source", "position", "currency"), NAMES)
    | dict.fromkeys(("price_low", "price_high"), NUMBERS | st.just(""))
    | {"schema": st.sampled_from(["1", "2", "3", "4"]), "confidence": NUMBERS, "as_of": MILLISECONDS}
    | {"written_at": MILLISECONDS},
    optional={
        "purposes": st.sampled_from(["", "advertising", "advertising,personalisation"]),
        "next_categories": st.lists(NAMES.filter(lambda name: name and "\n" not in name), min_size=1).map("\n".join),
    },
)


def outcome(read: Any, held: Hash, names: tuple[str, ...]) -> ReadIntent | str | None:
    """The intent, or that there is none."""
    try:
        intent: ReadIntent | None = read("ada", [_bytes(held.get(name)) for name in names], 69_000, ignore)
    except ValueError as error:
        return str(error)
    return intent


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else value.encode()


@given(HASHES)
def test_packed_and_fields_are_one_intent(fields: Hash) -> None:
    """To the last digit and letter, what is missing too, and an error where the other is one."""
    held = {"packed": packed_of(fields), "doc": "{}"} | fields
    assert outcome(decode_packed, held, FIRST[HOT]) == outcome(decode, held, HOT)
    assert outcome(decode_packed, held, FIRST[ALL]) == outcome(decode, held, ALL)


@pytest.mark.parametrize("packed", ["", "1", "1\t1\tcompare", packed_of(fields_of()).replace("0.7", "nan")])
def test_a_packed_field_that_is_none_is_no_intent(packed: str) -> None:
    """Half of one is an error, not a default; one of another version, or an empty one, is none of ours."""
    told = outcome(decode_packed, {"packed": packed, "schema": "1"}, FIRST[HOT])
    assert (told is None) if not packed else isinstance(told, str)


def test_what_follows_in_the_list_is_left_alone() -> None:
    """It came with a later version, which raises nothing."""
    more = {"packed": packed_of(fields_of()) + "\tshiny", "schema": "1"}
    assert outcome(decode_packed, more, FIRST[HOT]) == outcome(decode_packed, hash_of(), FIRST[HOT])


def test_the_fields_are_read_where_there_is_no_packed_one(connect: Connect, server: ScriptedRedis) -> None:
    """In a second round trip for those alone, and each stands in its place."""
    asked: list[str] = []

    def answer(key: str) -> Hash:
        asked.append(key.split("{")[1].split("}", maxsplit=1)[0])
        return {} if "gone" in key else fields_of(key) if "old" in key else hash_of(key)

    server.answer = answer
    reader = connect(server.url, timeout_s=PATIENT_S, strict=True)
    names = ["ada", "old-bob", "gone", "old-cyd", "dan"]
    intents = reader.get_many(names)
    assert [each.shopper for each in intents] == names
    assert [each.reason for each in intents] == ["", "", "absent", "", ""]
    assert asked == [*names, "old-bob", "old-cyd"]
    assert reader.get("old-bob").doc == {"shopper": "penchant:{old-bob}:intent"}


def test_what_changes_between_both_round_trips_is_as_it_is_then(connect: Connect, server: ScriptedRedis) -> None:
    """A hash that is gone is absent, and a packed one that came meanwhile is not waited for."""
    seen: set[str] = set()

    def answer(key: str) -> Hash:
        first = key not in seen
        seen.add(key)
        return fields_of(key) if first else {} if "gone" in key else hash_of(key, stage="cart")

    server.answer = answer
    intents = connect(server.url, timeout_s=PATIENT_S, strict=True).get_many(["gone", "ada"])
    assert [(each.reason, each.stage) for each in intents if each.missing] == [("absent", "")]
    assert intents[1].stage == "cart"


def test_a_second_round_trip_that_is_late_opens_no_circuit(connect: Connect, server: ScriptedRedis) -> None:
    """One deadline bounds both. Who needed one round trip is served; the server has answered, and is asked again."""
    answered, go_on = iter(range(2)), threading.Event()

    def answer(key: str) -> Hash:
        if next(answered, None) is None:
            go_on.wait(PATIENT_S)
        return fields_of(key) if "old" in key else hash_of(key)

    server.answer = answer
    reader = connect(server.url, timeout_s=2, circuit_s=600)
    assert [each.reason for each in reader.get_many(["ada", "old-bob"])] == ["", "timeout"]
    go_on.set()
    assert reader.failures == {"TimeoutError": 1}
    assert [each.reason for each in reader.get_many(["ada", "old-bob"])] == ["", ""]


def test_a_second_round_trip_goes_to_whoever_answered_the_first(connect: Connect, server: ScriptedRedis) -> None:
    """Few of a large read may need it: that small reads are not let through just now does not concern them."""
    server.answer = lambda key: b"?\r\n" if "odd" in key else fields_of(key) if "old" in key else hash_of(key)
    reader = connect(server.url, timeout_s=PATIENT_S, circuit_s=600)
    assert reader.get("odd").failed
    intents = reader.get_many([*(f"new-{number}" for number in range(60)), "old-ada"])
    assert {each.reason for each in intents} == {""}


class Hesitant(ConnectionPool):
    """Has no connection to give in time."""

    def get_connection(self, *_: object, **__: object) -> Connection:
        time.sleep(10 * WAITED_S)
        raise RedisTimeout("late")


def test_a_second_round_trip_that_finds_no_connection_opens_no_circuit() -> None:
    """Another thread took that of the first, and what is left of the time is too short for a new one."""
    circuits = Circuits(600, 600)
    (error,) = Node(Hesitant(), circuits).ask([Ask(b"key", b"", again=True)])
    assert isinstance(error, RedisTimeout)
    assert not circuits.of(1).open
    Node(Hesitant(), circuits).ask([Ask(b"key", b"")])
    assert circuits.of(1).open
