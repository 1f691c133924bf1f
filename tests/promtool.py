"""promtool: Prometheus' own checker of rules, from the PATH, or out of Debian's package, fetched once."""

import pytest

from tests.debian import debian_program


@pytest.fixture(scope="session")
def promtool() -> str:
    """The command; without one the test is skipped, loudly."""
    return str(debian_program("promtool", ["prometheus"]))
