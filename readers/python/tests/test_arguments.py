"""What a caller hands over wrongly is refused at once, and the argument is named."""

import math
from typing import Any

import numpy as np
import pytest
from readers.python.tests.scripted import PATIENT_S, Connect, ScriptedRedis

from penchant_reader.async_match_client import AsyncMatchClient
from penchant_reader.match_client import MatchClient


@pytest.mark.parametrize("one", ["ada", b"ada", bytearray(b"ada"), memoryview(b"ada"), None, 5, np.array(3)])
def test_one_id_is_no_list_of_ids(connect: Connect, server: ScriptedRedis, one: Any) -> None:
    """Its letters would be read as shoppers, and the intents of others returned."""
    with pytest.raises(TypeError, match=r"^shoppers: "):
        connect(server.url, timeout_s=PATIENT_S).get_many(one)


@pytest.mark.parametrize("several", [("a", "b"), {"a": 1, "b": 2}, np.array(["a", "b"]), range(2)])
def test_whatever_holds_ids_is_taken(connect: Connect, server: ScriptedRedis, several: Any) -> None:
    """What can be gone through once alone, too."""
    reader = connect(server.url, timeout_s=PATIENT_S)
    assert len(reader.get_many(several)) == len(reader.get_many(iter(several))) == 2


@pytest.mark.parametrize("purpose", ["advertizing", " advertising", "ADVERTISING", None, 5, ["advertising"]])
def test_a_purpose_that_is_none_is_refused(connect: Connect, server: ScriptedRedis, purpose: Any) -> None:
    """Nobody can have agreed to it, and whoever said nothing would be given for it."""
    with pytest.raises(ValueError, match=r"^purpose: .*advertising, personalisation"):
        connect(server.url, timeout_s=PATIENT_S).get("ada", purpose=purpose)


@pytest.mark.parametrize("fields", [["nope"], "nope", [None], [["doc"]], None, 5])
def test_fields_that_no_hash_has_are_refused(connect: Connect, server: ScriptedRedis, fields: Any) -> None:
    """With those that there are."""
    with pytest.raises(ValueError, match=r"^fields: .*stage, mission"):
        connect(server.url, timeout_s=PATIENT_S).get("ada", fields=fields)


@pytest.mark.parametrize("timeout_s", [0, -1, math.nan, math.inf, None, "1", True])
def test_no_time_to_wait_is_refused(connect: Connect, server: ScriptedRedis, timeout_s: Any) -> None:
    """When the reader is made, and not by each read."""
    with pytest.raises(ValueError, match=r"^timeout_s: .*seconds above 0"):
        connect(server.url, timeout_s=timeout_s)


@pytest.mark.parametrize(
    "url",
    ["", "http://h", "redis://h:99999/0", "redis://h:6379/abc", "redis://h:6379/0?nope=1", None, 5, b"redis://h"],
)
def test_a_url_that_redis_does_not_have_is_refused(connect: Connect, url: Any) -> None:
    """When the reader is made; what else it may say is redis-py's."""
    with pytest.raises(ValueError, match=r"^url: "):
        connect(url)


@pytest.mark.parametrize("kind", [MatchClient, AsyncMatchClient])
@pytest.mark.parametrize("timeout_s", [0, math.nan, "1"])
def test_a_client_of_matches_needs_time_too(kind: Any, timeout_s: Any) -> None:
    """As a reader does."""
    with pytest.raises(ValueError, match=r"^timeout_s: "):
        kind("http://127.0.0.1:1", timeout_s=timeout_s)


@pytest.mark.parametrize(("named", "given"), [("candidates", "p1"), ("candidates", None), ("purpose", "advertizing")])
def test_what_is_asked_of_matches_is_looked_at_too(named: str, given: Any) -> None:
    """One product is no list of products, and a purpose is one of two."""
    with (
        MatchClient("http://127.0.0.1:1") as client,
        pytest.raises((TypeError, ValueError), match=rf"^{named}: "),
    ):
        client.match("ada", **{"candidates": ["p1"], named: given})
