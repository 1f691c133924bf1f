"""One prompt for all candidates of a match."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.matching import CODES, match_prompt, match_scores
from prompts.products.cards import code
from prompts.tokens import estimate
from streams.records.cards import LONGEST_CODE, Card
from streams.records.intents import Intent
from tests.agents.match.intents import cards, intent, intents, of_session
from tests.prompts.shoppers import HOSTILE, KETTLE, OTHER_KETTLE, SHOES, TOASTER, shopper

PREFIX = match_prompt(intent(), []).rpartition("\nShopper\n")[0]
MOST_COMPUTED = 330


@given(intents, st.lists(st.one_of(st.just(""), st.sampled_from(HOSTILE), st.text(max_size=40)), max_size=20))
def test_every_candidate_has_one_line(known: Intent, codes: list[str]) -> None:
    """Behind its letter, whatever sellers wrote, after a beginning that never changes."""
    prompt = match_prompt(known, [Card(code=text[:LONGEST_CODE]) for text in codes])
    prefix, _, rest = prompt.rpartition("\nShopper\n")
    assert prefix == PREFIX
    _, products, *lines, best = rest.split("\n")
    assert (products, best) == ("Products", "Best:")
    assert [line[0] for line in lines] == list(CODES[: len(codes)])


@given(st.lists(cards, min_size=20, max_size=20))
def test_what_a_server_computes_is_short(some: list[Card]) -> None:
    """At most 330 tokens for twenty candidates of any card, beside the beginning that all matches share, of a shopper
    with three categories and brands, names as shops have them."""
    session = shopper(*(("view", item) for item in (KETTLE, OTHER_KETTLE, TOASTER, SHOES)))
    shown = match_prompt(of_session(session), [Card(code=code(card)) for card in some]).rpartition("\nShopper\n")[2]
    assert estimate(shown) <= MOST_COMPUTED


def test_more_candidates_than_codes_are_refused() -> None:
    """Whoever asks chooses twenty."""
    with pytest.raises(ValueError, match="21 cards"):
        match_prompt(intent(), [Card()] * 21)


@given(st.dictionaries(st.sampled_from([*CODES, "x", "Best"]), st.floats(-50, 0)), st.integers(1, 20))
def test_scores_are_probabilities_in_the_order_of_candidates(said: dict[str, float], many: int) -> None:
    """They add up to 1, keep the model's order, and are none where no code is named."""
    scores = match_scores(said, many)
    known = {CODES.index(name): value for name, value in said.items() if name in CODES[:many]}
    if scores is None:
        assert not known
        return
    assert math.isclose(sum(scores), 1)
    ordered = sorted(known, key=lambda at: known[at])
    assert [scores[at] for at in ordered] == sorted(scores[at] for at in ordered)
    assert all(scores[at] == 0 for at in range(many) if at not in known)


def test_a_server_that_gives_none_scores_nothing() -> None:
    """Nor does one that gives no candidate's."""
    assert match_scores(None, 3) is None
    assert match_scores({"Z": -1.0}, 3) is None
