"""Whether most of a model's answers are no intents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.worker.answer_quality import SHOWN, AnswerQuality, masked


def test_most_answers_unusable() -> None:
    """It is told once when it begins and once when it ends, with a distance between the two."""
    quality, told = AnswerQuality(), []
    for second in range(600):
        usable = not 100 <= second < 400
        if quality.note(float(second), usable=usable):
            told.append((second, quality.poor))
    (begun, poor), (ended, still) = told
    assert poor
    assert not still
    assert 120 < begun < 140
    assert 440 < ended < 460


@pytest.mark.parametrize("every", [3, 10, 100])
def test_some_answers_unusable(every: int) -> None:
    """A share that models have now and then is nothing to tell."""
    quality = AnswerQuality()
    assert not any(quality.note(float(n), usable=n % every != 0) for n in range(1_000))


def test_few_answers_show_nothing() -> None:
    """A shop by night has few answers."""
    quality = AnswerQuality()
    assert not any(quality.note(n * 10.0, usable=False) for n in range(100))


@given(st.text())
def test_a_sample_tells_nothing(text: str) -> None:
    """No letter or digit of an answer is left."""
    shown = masked(text)
    assert len(shown) <= SHOWN
    assert not {each for each in shown if each.isalnum()} - {"x", "0"}
    assert masked('{"m":"gift 7"}') == '{"x":"xxxx 0"}'
