"""Purposes: who did not agree to one is missing to whoever asks with it."""

import pytest
from readers.python.tests.scripted import PATIENT_S, Connect, ScriptedRedis, hash_of

HELD = {
    "agreed": {"purposes": "advertising,personalisation"},
    "other": {"purposes": "personalisation"},
    "alike": {"purposes": "advertising-by-mail"},
    "nothing": {"purposes": ""},
    "unsaid": {},
}


@pytest.fixture
def held(server: ScriptedRedis) -> ScriptedRedis:
    """A server where some agreed, some did not, and of one the writer did not say."""
    server.answer = lambda key: hash_of(key, **HELD[key.split("{")[1].split("}")[0]])
    return server


@pytest.mark.parametrize(("strict", "given"), [(False, ["agreed", "unsaid"]), (True, ["agreed"])])
def test_a_purpose_is_asked_for(connect: Connect, held: ScriptedRedis, given: list[str], *, strict: bool) -> None:
    """Where the writer did not say, the shop's default stands, unless the caller is strict. It is no failure."""
    reader = connect(held.url, timeout_s=PATIENT_S, strict=True)
    intents = reader.get_many(HELD, purpose="advertising", purpose_strict=strict)
    assert [each.shopper for each in intents] == list(HELD)
    assert [each.shopper for each in intents if not each.missing] == given
    refused = [each for each in intents if each.missing]
    assert {(each.reason, each.failed, each.stage, each.purposes) for each in refused} == {("purpose", False, "", None)}
    assert not reader.failures


def test_without_a_purpose_all_are_read(connect: Connect, held: ScriptedRedis) -> None:
    """And each says what the shopper agreed to, None where the writer did not say."""
    intents = connect(held.url, timeout_s=PATIENT_S).get_many(HELD)
    told = [("advertising", "personalisation"), ("personalisation",), ("advertising-by-mail",), (), None]
    assert [each.purposes for each in intents] == told


def test_a_kept_intent_is_held_back_too(connect: Connect, held: ScriptedRedis) -> None:
    """The cache keeps what was read, not for whom."""
    reader = connect(held.url, timeout_s=PATIENT_S, cache_entries=10, cache_s=600)
    assert not reader.get("other").missing
    assert reader.get("other", purpose="advertising").reason == "purpose"
    assert not reader.get("other").missing
