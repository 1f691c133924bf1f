"""Campaigns in a line of knowledge: named first, in bounds, and gone with their time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.products.campaigns import LONGEST_CAMPAIGN, clause, current
from prompts.products.cards import line
from prompts.view import ABOUT
from streams.records.cards import Property
from streams.records.products import Campaign, Fact
from tests.prompts.shoppers import HOSTILE

BLUE = Fact(Property(name="color", value="blue"), "blue")
END_MS = round(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1e3)
FAR_MS = round(datetime(9999, 12, 31, 23, 59, tzinfo=UTC).timestamp() * 1e3)
TOLD = "campaign Black Week until 2026-12-01T00:00Z, color blue"


def test_it_stands_before_the_facts_until_its_end() -> None:
    """To the minute; without an end it stays."""
    assert line([BLUE], [], Campaign("Black Week", END_MS)) == TOLD
    assert current(TOLD, END_MS - 1) == TOLD
    assert current(TOLD, END_MS) == "color blue"
    assert current(TOLD.removesuffix(", color blue"), END_MS) == ""
    assert current(line([BLUE], [], Campaign("Black Week")), END_MS) == "campaign Black Week, color blue"


@pytest.mark.parametrize(
    "own",
    [
        "",
        "color blue",
        "campaign of ours",
        "campaign until 2026-13-77T99:99Z, x",
        "No campaign A until 2000-01-01T00:00Z",
    ],
)
def test_what_a_shop_wrote_itself_stays(own: str) -> None:
    """Where it names no campaign and end as we do."""
    assert current(own, FAR_MS) == own


@given(
    name=st.one_of(st.text(max_size=90), st.sampled_from(HOSTILE), st.just("A until 2000-01-01T00:00Z, B")),
    until_ms=st.one_of(st.none(), st.integers(0, FAR_MS)),
    now_ms=st.integers(0, FAR_MS),
)
def test_no_name_moves_the_end(name: str, until_ms: int | None, now_ms: int) -> None:
    """Nor leaves the bounds; what stands behind is whole either way."""
    said = clause(Campaign(name, until_ms))
    assert len(said) <= len("campaign  until 2026-12-01T00:00Z") + LONGEST_CAMPAIGN
    assert "," not in said
    told = line([BLUE], [], Campaign(name, until_ms))
    assert len(told) <= ABOUT
    assert told.endswith("color blue")
    over = bool(said) and until_ms is not None and until_ms // 60_000 * 60_000 <= now_ms
    if until_ms is not None:
        assert current(told, now_ms) == ("color blue" if over else told)
