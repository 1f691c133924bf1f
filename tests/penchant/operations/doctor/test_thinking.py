"""Thinking: doctor says when a model's tokens go into thoughts."""

import pytest

from clients.calls import Completion
from penchant.operations.doctor.findings import WARNING
from penchant.operations.doctor.thinking import examine, thinks
from tests.fakes.model import ScriptedModel


@pytest.mark.parametrize(
    ("text", "tokens", "expected"),
    [
        ('{"ok":1}', 5, False),
        ('{"ok":1}', None, False),
        ("Sure, here it is.", 6, False),
        ("<think>The user wants", 48, True),
        ('<think>short</think>{"ok":1}', 12, True),
        ('{"ok":1}', 45, True),  # its thoughts were handed on apart
        ("", 48, True),
    ],
)
def test_what_shows_it(text: str, tokens: int | None, expected: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Words that only thoughts begin with, or more tokens than the text can have."""
    assert thinks(Completion(text, "tiny", "here", output_tokens=tokens)) is expected


@pytest.mark.parametrize(("says", "severities"), [('{"ok":1}', []), ("<think>Hm", [WARNING])])
async def test_a_model_that_thinks_is_warned_of(says: str, severities: list[int]) -> None:
    """By its name; one short call is made."""
    model = ScriptedModel(says)
    found = await examine("gpus", model)
    assert [each.severity for each in found] == severities
    assert all("gpus: " in each.found for each in found)
    assert len(model.calls) == 1


@pytest.fixture
def away() -> ScriptedModel:
    """A server that is not there."""
    model = ScriptedModel()
    model.away = True
    return model


async def test_a_model_that_is_away_is_no_finding_of_this(away: ScriptedModel) -> None:
    """Its probe has said so."""
    assert await examine("gpus", away) == []
