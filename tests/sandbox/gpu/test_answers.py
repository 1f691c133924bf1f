"""What the simulated model says."""

import pytest

from sandbox.gpu import answers
from streams.errors import SettingInvalid
from tests.fakes.echo import ECHO, echo


@pytest.mark.parametrize(
    ("stop_words", "max_tokens", "expected"),
    [
        ((), 100, "one, two; three"),
        ((), 2, "one, two"),
        ((";",), 100, "one, two"),
        (("three", ","), 100, "one"),
        (("", "four"), 100, "one, two; three"),
        ((";",), 1, "one,"),
    ],
)
def test_an_answer_is_cut(stop_words: tuple[str, ...], max_tokens: int, expected: str) -> None:
    """At the first stop word or after `max_tokens`, whichever comes first."""
    assert answers.cut("one, two; three", max_tokens, stop_words) == expected


def test_the_function_is_chosen_by_name() -> None:
    """`module:function`."""
    assert answers.load(ECHO) is echo


@pytest.mark.parametrize("name", ["tests.fakes.echo:nothing", "no.such.module:answer"])
def test_a_wrong_name_is_refused(name: str) -> None:
    """With the variable's name and what is expected."""
    with pytest.raises(SettingInvalid, match=r"PENCHANT_SIMULATED_ANSWER.*\n.*module:function"):
        answers.load(name)
