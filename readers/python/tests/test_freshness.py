"""Freshness: one policy for a reader, by source."""

import pytest
from readers.python.tests.scripted import PATIENT_S, Connect, ScriptedRedis

from penchant_reader import Freshness, ReadIntent

POLICY = Freshness(model_s=60, rules_s=10)


@pytest.mark.parametrize(
    ("source", "age_s", "stale"),
    [("model", 60, False), ("model", 60.001, True), ("rules", 10, False), ("rules", 11, True), ("later", 11, True)],
)
def test_each_source_has_its_age(source: str, age_s: float, *, stale: bool) -> None:
    """One that is not known here has the lower of both."""
    intent = ReadIntent("ada", missing=False, source=source, read_at_ms=round(age_s * 1_000), _freshness=POLICY)
    assert intent.stale() is stale


def test_an_age_that_is_given_counts_instead() -> None:
    """Whatever the source."""
    intent = ReadIntent("ada", missing=False, source="rules", read_at_ms=30_000, _freshness=POLICY)
    assert (intent.stale(), intent.stale(after_s=40)) == (True, False)


def test_the_policy_is_the_readers(connect: Connect, server: ScriptedRedis) -> None:
    """It comes with each intent that was read; these are of the year 1970."""
    assert connect(server.url, timeout_s=PATIENT_S).get("ada").stale()
    patient = connect(server.url, timeout_s=PATIENT_S, freshness=Freshness(1e12, 1e12))
    assert not patient.get("ada").stale()
