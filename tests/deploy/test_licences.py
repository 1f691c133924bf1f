"""docs/licences.md, and what is said of advisories."""

import pytest

from deploy.advisories import verdict
from deploy.licences import PAGE, UNKNOWN, lines, page, pins


def test_the_page_is_up_to_date() -> None:
    """Each package of constraints.txt in its version, with the licence that it has now."""
    assert PAGE.read_text(encoding="utf-8") == page(), "remedy: make generate"
    assert list(lines(page())) == list(pins())


def test_what_serves_asks_nobody_to_publish_their_code() -> None:
    """Every licence is known, and no package that serves has one of the GPL's kind."""
    for name, _, licence, use in lines(page()).values():
        assert licence != UNKNOWN, name
        assert use == "development" or not any(word in licence for word in ("GPL", "GNU")), name


@pytest.mark.parametrize(
    ("packages", "said", "status"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], "1 of 1 packages audited, 0 with a fault", 0),
        ([{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}], "a 1: PYSEC-1", 1),
        (
            [{"name": "a", "skip_reason": "?"}, {"name": "b", "version": "2"}],
            "NOT AUDITED, the index knows nothing of: a",
            0,
        ),
        ([{"name": "a", "skip_reason": "?"}], "NOT AUDITED, this package index has none", 0),
    ],
)
def test_advisories_fail_and_silence_is_loud(packages: list[dict[str, object]], said: str, status: int) -> None:
    """A fault is a failure; what could not be looked at is named."""
    text, ended = verdict(packages)
    assert said in text
    assert ended == status
