"""Native reader: what is said of it. What it reads is held to Python by tests/native."""

import pytest

from penchant import __version__
from streams.events.native_reader import MADE_FOR, decoder_name


@pytest.mark.parametrize(
    ("installed", "said"),
    [(None, "Python"), (MADE_FOR, f"Rust (penchant-native {MADE_FOR})"), ("0.0.9", "Python (penchant-native 0.0.9 is")],
)
def test_what_reads_is_named(installed: str | None, said: str) -> None:
    """One of another version is not used, and that is said with a remedy."""
    assert decoder_name(installed).startswith(said)


def test_the_distribution_has_penchant_s_version() -> None:
    """A release raises both."""
    assert __version__ == MADE_FOR
