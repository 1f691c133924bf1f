"""A text's length in tokens: by an estimate, or by any count, word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.tokens import by_word, estimate

REAL = {
    "#3 0m view p1": 8,
    '#7 4m search "waterproof hiking boots size 42"': 15,
    '#2 0m view p1 "Apple smartphone" c1 "electronics/smartphone" b1 "Apple" 1091.59': 30,
    '#13 12m click p7 "Brivane Matt Black Kettle Quiet Boil" c2 b4 "Brivane" 22.99 EUR': 34,
    '{"m":"research","t":"Compares backpacks between 31 and 158 EUR",'
    '"c":[[1,10]],"b":[[1,4],[3,3]],"k":5,"e":[2,11]}': 50,
}
"""What the tokenizer of DeepSeek V3 makes of these."""


@pytest.mark.parametrize(("text", "real"), REAL.items())
def test_the_estimate_is_near_the_real_count(text: str, real: int) -> None:
    """Two tokens or a tenth off, for lines and answers alike."""
    assert estimate(text) == pytest.approx(real, rel=0.1, abs=2.1)


@given(st.text(), st.text())
def test_lines_add_up(one: str, other: str) -> None:
    """A prompt is as long as its lines: nothing depends on what stands before."""
    assert estimate(f"{one}\n{other}") == estimate(one + "\n") + estimate(other)


@given(st.text())
def test_no_text_is_longer_than_its_bytes(text: str) -> None:
    """And only the empty one takes nothing."""
    assert bool(text) <= estimate(text) <= len(text.encode(errors="replace"))


@given(st.text(alphabet=st.sampled_from('ab1 \n"')))
def test_words_are_counted_once(text: str) -> None:
    """Word by word gives what the whole gives, and asks for each word only the first time."""
    asked: list[str] = []

    def count(word: str) -> int:
        asked.append(word)
        return len(word)

    counted = by_word(count)
    assert counted(text) == counted(text) == len(text)
    assert len(asked) == len(set(asked))
