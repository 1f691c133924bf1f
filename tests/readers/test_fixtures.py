"""The fixtures that every reader reads are what the service writes, and both Python readers read them."""

import json

import pytest
from penchant_reader import HOT

from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.intents import intent_fields
from streams.records.intents import Intent
from tests.readers import fixtures
from tests.readers.each import EachReader, each_reader

WRITTEN = [case for case in fixtures.cases() if case["written"]]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case["shopper"])
def test_a_fixture_is_what_the_service_writes(case: dict[str, dict[str, str]]) -> None:
    """Field by field, from the document that stands among them."""
    intent = Intent.load(case["fields"]["doc"])
    written = intent_fields(intent) | {"doc": intent.dump().decode()}
    assert case["fields"] == written


def test_readers_of_version_1_go_on_reading() -> None:
    """Each of its fields is still there, and the number that they compare is still theirs."""
    first = next(case for case in fixtures.cases() if case["case"].startswith("contract 1"))
    for case in WRITTEN:
        assert first["fields"].keys() <= case["fields"].keys()
        assert case["fields"]["schema"] == "1"


@pytest.mark.redis
@each_reader
async def test_fixtures_are_read_as_they_say(redis_server: RedisServer, read: EachReader) -> None:
    """All in one call; each that cannot be read fails alone."""
    async with connect(redis_server.url) as client:
        await fixtures.put(client, "fixtures")
    cases = fixtures.cases()
    for case, found in zip(
        cases, await read(redis_server.url, "fixtures", [case["shopper"] for case in cases]), strict=True
    ):
        told = case["read"]
        read_as = {name: getattr(found, name) for name in told}
        assert json.loads(json.dumps(read_as)) == told, case["case"]
        assert found.shopper == case["shopper"]
        assert found.missing or found.doc == json.loads(case["fields"]["doc"])


def test_a_fixture_that_has_both_says_the_same_in_both() -> None:
    """The packed field of what the service writes is that of the fields."""
    for case in WRITTEN:
        held = case["fields"]
        parts = held["packed"].split("\t") if "packed" in held else []
        assert parts in ([], ["1", *(held.get(name, "-" if name == "purposes" else "") for name in HOT)]), case["case"]
