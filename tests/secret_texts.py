"""Secret texts: passwords of every character, and which pieces of one are told."""

import re

from hypothesis import strategies as st

LETTERS = "QXZJ"
"""No text of ours has three of these side by side."""

SPECIAL = "%#/?@[]:&=+ \\\"'{}$!~^|<>;,\u00e9\u2100\uff0f\ufe55"


def secrets() -> st.SearchStrategy[str]:
    """Runs of LETTERS, of four and more, with special characters between them."""
    run = st.text(LETTERS, min_size=4, max_size=6)
    between = st.text(SPECIAL, min_size=1, max_size=2)
    return st.builds(
        lambda first, rest: first + "".join(mark + more for mark, more in rest),
        run,
        st.lists(st.tuples(between, run), max_size=3),
    )


def pieces(secret: str, told: str) -> list[str]:
    """The runs of a secret that a text shows; upper or lower case."""
    return [run for run in re.findall(f"[{LETTERS}]+", secret) if run.casefold() in told.casefold()]
