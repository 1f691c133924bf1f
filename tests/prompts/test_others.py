"""What other shoppers went on to: shown to the model behind everything else, and there to be chosen by number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from prompts.answer import Answer
from prompts.budget import OTHERS, PromptRules
from prompts.grounding import ground
from prompts.guard import BRAND, CATEGORY, clean
from prompts.learned.foresight import Foresight
from prompts.learned.snapshot import Snapshot, snapshot
from prompts.reading import others, read
from prompts.render import PromptRenderer
from prompts.rules import rules
from prompts.steps import FACTOR
from prompts.tokens import estimate
from prompts.view import NO_OTHERS, Others, PromptView
from streams.events.event import Item
from streams.records.intents import Findings, Weighted
from streams.sessions.session import Session
from tests.prompts.learned.stream import START_MS, crowd, taught, totals
from tests.prompts.shoppers import HOSTILE, KETTLE, OTHER_KETTLE, SHOES, THIRD_KETTLE, TOASTER, sessions, shopper

RENDERER = PromptRenderer("v2-others")
WINDOW = shopper(("view", KETTLE), ("view", OTHER_KETTLE))


def learned(*then: Item) -> Snapshot:
    """Of a crowd that went from kettles on to each of these, to the first most of all."""
    visits = crowd("stays", 90, [KETTLE, OTHER_KETTLE, THIRD_KETTLE])
    visits += [visit for at, item in enumerate(then) for visit in crowd(item.id, 80 - 30 * at, [KETTLE, item])]
    return snapshot(totals(taught(visits)), START_MS)


def offered(session: Session, *then: Item) -> tuple[PromptView, Findings]:
    """The view with what is offered, and what the rules say of it."""
    view = RENDERER.view(session)
    found = rules(view, learned=Foresight(learned(*then)))
    return RENDERER.offering(view, found), found


def test_they_are_the_last_line_and_numbered_behind_the_window() -> None:
    """So that a model server finds all lines before it in its cache."""
    view, _ = offered(WINDOW, SHOES, TOASTER)
    text = RENDERER.render(view).text
    line = 'Others: c2 "sport/shoes" c3 "home/kitchen/toasters" b3 "Ridge"'
    assert text.endswith(f"\n{line}\nAnswer:")
    assert RENDERER.render(WINDOW).text == text.replace(f"{line}\n", "")


def test_the_model_may_choose_one() -> None:
    """By its number; its weight moves within the usual bound, and it stays marked as inferred."""
    view, found = offered(WINDOW, SHOES, TOASTER)
    answer = Answer(mission="research", text="", categories=((2, 10),), evidence=(1,))
    grounded = ground(answer, view, found)
    before, after = ({each.name: each.weight for each in some.categories} for some in (found, grounded.findings))
    assert grounded.removed == ()
    assert before["sport/shoes"] < after["sport/shoes"] <= before["sport/shoes"] * FACTOR + 0.001
    assert "sport/shoes" in grounded.findings.inferred


def test_a_number_beyond_them_names_nothing() -> None:
    """The world stays closed: it has grown by what stands on the line alone."""
    view, found = offered(WINDOW, SHOES, TOASTER)
    answer = Answer(mission="research", text="", categories=((4, 10),), brands=((4, 9),), evidence=(1,))
    assert ground(answer, view, found).removed == ("category", "brand")
    plain = ground(Answer(mission="research", text="", categories=((2, 10),), evidence=(1,)), WINDOW, rules(WINDOW))
    assert plain.removed == ("category",)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_template_that_does_not_explain_them_has_none(version: str) -> None:
    """A model is shown no line that it was not told how to read."""
    renderer = PromptRenderer(version)
    view = renderer.view(WINDOW)
    found = rules(view, learned=Foresight(learned(TOASTER)))
    assert found.inferred
    assert renderer.offering(view, found).others == NO_OTHERS


names = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=200))


@given(sessions(), st.lists(names, max_size=6), st.lists(names, max_size=6))
def test_no_name_leaves_its_line(session: Session, categories: list[str], brands: list[str]) -> None:
    """Poisoned names of other shoppers neither forge an event nor pass the line's budget."""
    view = RENDERER.view(session)
    kinds = (categories, CATEGORY), (brands, BRAND)
    named = [tuple(Weighted(name=text, weight=0.1) for text in dict.fromkeys(clean(each, cap) for each in some) if text)
             for some, cap in kinds]  # fmt: skip
    inferred = tuple(each.name for some in named for each in some)
    found = structs.replace(rules(view), categories=named[0], brands=named[1], inferred=inferred)
    plain, text = RENDERER.render(view).text, RENDERER.render(RENDERER.offering(view, found)).text
    assert read(text) == read(plain)
    assert others(text) == RENDERER.offering(view, found).others
    assert text.count("\n") <= plain.count("\n") + 1
    assert estimate(text) <= PromptRules().high_tokens
    assert estimate(text) - estimate(plain) <= OTHERS


def test_others_that_do_not_fit_are_left_out() -> None:
    """The likeliest stay."""
    long = [Item(f"sku-{at}", None, f"c{at}/" + "word " * 22, f"b{at}", 5.0, "EUR") for at in range(5)]
    view, found = offered(WINDOW, *long)
    assert 0 < len(view.others.categories) < len(found.inferred)
    assert isinstance(view.others, Others)
