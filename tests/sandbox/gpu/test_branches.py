"""Which kept block goes on longest as a prompt does."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.gpu.branches import Branches

texts = st.text("ab", max_size=6)


@given(st.lists(st.tuples(st.integers(1, 2), texts), max_size=12), st.data())
def test_the_longest_beginning_is_that_of_all_that_are_left(kept: list[tuple[int, str]], data: st.DataObject) -> None:
    """Among any number of blocks, some of which are gone again, behind each beginning by itself."""
    branches = Branches()
    for block, (beginning, text) in enumerate(kept):
        branches.add(block, beginning, text)
    gone = data.draw(st.sets(st.integers(0, 13)))
    for block in gone:
        branches.remove(block)
    wanted, beginning = data.draw(texts), data.draw(st.integers(1, 3))
    left = [text for block, (at, text) in enumerate(kept) if block not in gone and at == beginning]
    lengths = [length for length in range(len(wanted) + 1) for text in left if text.startswith(wanted[:length])]
    assert branches.longest(beginning, wanted) == max(lengths, default=0)


def test_a_block_is_kept_once() -> None:
    """Added twice and removed once, it is gone."""
    branches = Branches()
    branches.add(1, 0, "ab")
    branches.add(1, 0, "ab")
    branches.remove(1)
    assert branches.longest(0, "ab") == 0
