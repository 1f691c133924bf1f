"""No prompt has more tokens than it may, and history is cut rarely, in chunks, at the same line by whoever cuts."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prompts.budget import BLOCK, PromptRules
from prompts.library import DEFAULT_PROMPTS
from prompts.reading import known, read
from prompts.render import PromptRenderer
from prompts.tokens import by_word, estimate
from prompts.view import PromptView
from streams.errors import SettingInvalid
from streams.events.event import Item
from streams.sessions.packing import dump, load
from streams.sessions.profiles import InterestCounts
from streams.sessions.session import Session
from tests.prompts.shoppers import HOSTILE, KETTLE, folded, sessions, steps

SMALL = PromptRules(high_tokens=24 * BLOCK, low_tokens=20 * BLOCK)
AMPLE = PromptRules(high_tokens=96 * BLOCK, low_tokens=80 * BLOCK)
"""To render again what was read back: there a product whose parts came one by one counts whole at each of them, so that
with the same budget a cut could come earlier."""

RENDERER = PromptRenderer("v1", DEFAULT_PROMPTS, SMALL)
SUFFIX = "\nAnswer:"


def wide(number: int) -> Item:
    """A product whose line takes fifty tokens or more."""
    return Item(
        f"sku-{number}", f"Kettle {number} " + "of brushed steel " * 4, f"home/kettles/{number}", None, 9.99, "EUR"
    )


def cuts(texts: list[str]) -> int:
    """How many prompts do not begin with the one before."""
    return sum(not after.startswith(before.removesuffix(SUFFIX)) for before, after in pairwise(texts))


@given(
    sessions(max_events=40), st.sampled_from([estimate, by_word(lambda text: len(text.encode(errors="replace")) // 3)])
)
def test_every_session_fits(session: Session, count) -> None:  # type: ignore[no-untyped-def]
    """Whatever a shopper did and however hostile the texts: within the budget, by whatever count, and read back."""
    renderer = PromptRenderer("v1", DEFAULT_PROMPTS, SMALL, count)
    text = renderer.render(session).text
    assert count(text) <= SMALL.high_tokens
    assert PromptRenderer("v1", DEFAULT_PROMPTS, AMPLE, count).render(read(text)).text == text


@given(sessions(max_events=40), st.sampled_from(HOSTILE))
def test_every_session_fits_with_what_the_shop_says(session: Session, said: str) -> None:
    """Its lines count like any other."""
    renderer = PromptRenderer("v2", DEFAULT_PROMPTS, SMALL, about=lambda product: f"{product} {said}" * 9)
    text = renderer.render(session).text
    assert estimate(text) <= SMALL.high_tokens
    about = known(text)
    again = PromptRenderer("v2", DEFAULT_PROMPTS, AMPLE)
    assert again.render(PromptView.of(read(text), about=lambda product: about.get(product, ""))).text == text


@given(sessions(max_events=20), st.lists(steps, min_size=1, max_size=4))
def test_appending_keeps_the_beginning_until_a_cut(session: Session, more: list[Any]) -> None:
    """The next prompt begins with all of this one but its suffix, unless lines were dropped."""
    before, shown, events = RENDERER.render(session).text, RENDERER.view(session), session.events
    origin_ms = session.origin_ms
    folded(more, session)
    after = RENDERER.render(session).text
    if events and (session.origin_ms, RENDERER.view(session).dropped) == (origin_ms, shown.dropped):
        assert after.startswith(before.removesuffix(SUFFIX))


def test_history_is_cut_in_chunks() -> None:
    """Of wide lines, each of which a sliding window would push another out for, a cut makes room for several."""
    session, texts = Session(), []
    for number in range(20):
        folded([("view", [wide(number)], None, 1_000)], session)
        texts.append(RENDERER.render(session).text)
    lengths = [estimate(text) for text in texts]
    assert max(lengths) <= SMALL.high_tokens
    shrunk = [after for before, after in pairwise(lengths) if after < before]
    assert len(shrunk) == cuts(texts) in {2, 3, 4}
    assert all(length <= SMALL.low_tokens for length in shrunk)


@given(sessions(max_events=40))
def test_whoever_takes_over_cuts_at_the_same_line(session: Session) -> None:
    """A session that was stored and loaded makes the same prompt: nothing of the cut is remembered outside of it."""
    assert RENDERER.render(load(dump(session))).text == RENDERER.render(session).text


def test_what_is_cut_counts_as_earlier() -> None:
    """The lines that are not shown are told as a tally, and numbers go on."""
    session = folded([("view", [wide(number)], None, 1_000) for number in range(14)])
    view = RENDERER.view(session)
    assert session.dropped == 0 < view.dropped < 14
    assert len(view.entries) == 14 - view.dropped
    assert sum(count for _, count in view.earlier.categories) == min(view.dropped, 6)
    lines = RENDERER.render(session).text.rpartition("\nShopper\n")[2].splitlines()
    assert lines[1].startswith(f"Earlier: {view.dropped} lines")
    assert lines[2].startswith(f"#{view.dropped + 1} ")


def test_long_names_of_the_past_are_left_out() -> None:
    """What closed sessions were about takes its part of the prompt and no more; the largest counts stay."""
    session = folded([("view", [wide(1)], None, 0)])
    names = tuple(("\u3042" * 100 + str(number), 9 - number) for number in range(6))
    session.profile = InterestCounts(2, 0, names, names)
    view = RENDERER.view(session)
    assert view.profile.categories == ()
    session.profile = InterestCounts(2, 0, (("kettles", 9), *names), ())
    assert RENDERER.view(session).profile.categories == (("kettles", 9),)


def test_a_line_that_never_fits_is_not_shown() -> None:
    """A single hostile line larger than all the room there is goes among the earlier ones; the next line is shown."""
    tight = PromptRenderer(
        "v1",
        DEFAULT_PROMPTS,
        PromptRules(high_tokens=45 * BLOCK, low_tokens=41 * BLOCK),
        by_word(lambda text: len(text.encode())),
    )
    huge = Item("sku-1", "\U0001f600" * 80, "\U0001f601" * 120, "\U0001f602" * 60)
    session = folded([("view", [huge], None, 0)])
    assert tight.view(session).entries == ()
    folded([("view", [KETTLE], None, 0)], session)
    (entry,) = tight.view(session).entries
    assert entry.number == 2


@pytest.mark.parametrize(
    "budget",
    [
        PromptRules(high_tokens=640, low_tokens=576),
        PromptRules(high_tokens=2_560, low_tokens=640),
    ],
)
def test_a_budget_without_room_is_a_wrong_setting(budget: PromptRules) -> None:
    """The remedy names marks that will do."""
    with pytest.raises(SettingInvalid, match="prompt") as refused:
        PromptRenderer("v1", DEFAULT_PROMPTS, budget)
    least = int(refused.value.remedy.split("low_tokens to ")[1].split()[0])
    PromptRenderer("v1", DEFAULT_PROMPTS, PromptRules(high_tokens=least + BLOCK, low_tokens=least))


def test_a_cut_must_drop_something() -> None:
    """A budget whose two marks are one is refused, by a text that names both."""
    with pytest.raises(ValidationError, match=r"must be below prompt\.high_tokens, which is 1536"):
        PromptRules(high_tokens=1_536, low_tokens=1_536)
