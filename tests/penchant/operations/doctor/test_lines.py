"""How findings are laid out: nothing that they say is lost or cut, in whatever width."""

from hypothesis import given
from hypothesis import strategies as st

from penchant.operations.doctor.findings import ERROR, INFO, WARNING, Finding
from penchant.operations.doctor.lines import lines

WORDS = st.lists(st.text("abcd-/:.ä", min_size=1, max_size=120), min_size=1, max_size=12).map(" ".join)
FINDINGS = st.builds(Finding, st.just("topic"), st.sampled_from([INFO, WARNING, ERROR]), WORDS, WORDS)


@given(st.lists(FINDINGS, max_size=4), st.integers(20, 200))
def test_no_word_is_cut(findings: list[Finding], columns: int) -> None:
    """Every word stands whole, in its order, and a line is wider than the terminal only for one word's sake."""
    shown = [line for _, line in lines(findings, columns)]
    told = sorted(findings, key=lambda each: -each.severity)
    words = [f"{each.severity.name.lower()} topic: {each.found} -> {each.remedy}".split() for each in told]
    assert " ".join(shown).split() == [word for each in words for word in each]
    assert all(len(line) <= columns or len(line.split()) <= 3 for line in shown)


def test_a_file_has_a_line_for_each() -> None:
    """So that it can be searched: the finding, and its remedy, are never broken."""
    long = "word " * 60
    shown = [line for _, line in lines([Finding("redis", ERROR, long + "end", long)], None)]
    assert shown == [f"error   redis: {long}end", f"        -> {long}"]


def test_eighty_columns() -> None:
    """As it looks in a terminal."""
    told = "appendonly is off: a restart loses all since the last snapshot, more than is read again by itself"
    shown = [line for _, line in lines([Finding("redis", WARNING, told, "set appendonly yes")], 80)]
    assert shown == [
        "warning redis: appendonly is off: a restart loses all since the last snapshot,",
        "        more than is read again by itself",
        "        -> set appendonly yes",
    ]
